// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/busy_wait.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using tcmud::serving::BusyWait;

namespace {

// How many of so many sleeps are put off, where looking finds something or not.
unsigned looks(BusyWait& busy_wait, unsigned sleeps, bool something) {
    unsigned count = 0;
    for (unsigned i = 0; i < sleeps; ++i) {
        if (!busy_wait.worthwhile()) continue;
        ++count;
        something ? busy_wait.found() : busy_wait.in_vain();
    }
    return count;
}

}  // namespace

TEST_CASE("without a time nothing is looked at before a sleep") {
    BusyWait busy_wait(0us);
    CHECK_FALSE(busy_wait.enabled());
    CHECK(looks(busy_wait, 1000, true) == 0);
}

TEST_CASE("as long as looking finds commands, every sleep is put off") {
    BusyWait busy_wait(20us);
    CHECK(looks(busy_wait, 1000, true) == 1000);
}

TEST_CASE("in vain, a thread looks four times and then ever less") {
    BusyWait busy_wait(20us);
    CHECK(looks(busy_wait, 4, false) == 4);
    CHECK(looks(busy_wait, BusyWait::shortest_pause, false) == 0);
    CHECK(looks(busy_wait, 1 + 2 * BusyWait::shortest_pause, false) == 1);
    looks(busy_wait, 100'000, false);
    CHECK(looks(busy_wait, 100'000, false) <= 100'000 / BusyWait::longest_pause + 1);
}

TEST_CASE("one success is enough to begin anew") {
    BusyWait busy_wait(20us);
    looks(busy_wait, 10'000, false);
    for (unsigned i = 0; !busy_wait.worthwhile(); ++i) REQUIRE(i <= BusyWait::longest_pause);
    busy_wait.found();
    CHECK(looks(busy_wait, 100, true) == 100);
    CHECK(looks(busy_wait, 4, false) == 4);
    CHECK(looks(busy_wait, BusyWait::shortest_pause, false) == 0);
}
