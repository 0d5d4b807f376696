// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/other_daemons.hpp"

#include <catch2/catch.hpp>

using namespace tcmud::daemon;

TEST_CASE("another daemon is one that listens, or that owns the name on the bus") {
    CHECK_FALSE(OtherDaemons{}.any());
    CHECK(OtherDaemons{true, "", {}}.any());
    CHECK(OtherDaemons{false, ":1.7", {}}.any());
}

TEST_CASE("nobody listens to a group that no kernel has") {
    CHECK_FALSE(find_other_daemons({{0}, 0, {}}).listening);
}
