// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/listen_address.hpp"

#include <catch2/catch.hpp>

using tcmud::daemon::ListenAddress;
using tcmud::daemon::parse_listen_address;

TEST_CASE("a port alone is one of this machine only") {
    CHECK(parse_listen_address("9660") == ListenAddress{"127.0.0.1", 9660});
}

TEST_CASE("an address is written out, one of IPv6 in brackets") {
    CHECK(parse_listen_address("0.0.0.0:9660") == ListenAddress{"0.0.0.0", 9660});
    CHECK(parse_listen_address("[::1]:80") == ListenAddress{"::1", 80});
}

TEST_CASE("what is no address is refused") {
    for (const auto* text : {"", "0", "65536", ":9660", "localhost:9660", "1.2.3:9660", "::1:9660", "[]:9660",
                             "[::1]", "127.0.0.1:", "127.0.0.1:9660x", "-1"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_listen_address(text));
    }
}
