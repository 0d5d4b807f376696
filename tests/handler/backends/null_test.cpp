// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("null: writes vanish and reads are told to be whole") {
    Opened null("null", request("", 1 << 20));
    CHECK(null.write(0, pattern(4096, 1)).bytes == 4096);
    std::vector<std::byte> bytes(4096);
    CHECK(null.read(0, std::span(bytes)).bytes == 4096);
    CHECK(null.flush().status == IoStatus::ok);
}

TEST_CASE("null: nobody is shown what was in the buffer before") {
    Opened null("null", request("", 1 << 20));
    CHECK(null.read(0, 4096) == std::vector<std::byte>(4096));
}
