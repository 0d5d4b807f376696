// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/turn_clock.hpp"

#include <thread>

#include <catch2/catch.hpp>

using tcmud::serving::TurnClock;

TEST_CASE("all who ask between two points of a turn get the same time") {
    TurnClock clock;
    const auto before = std::chrono::steady_clock::now();
    const auto first = clock.now();
    CHECK(first >= before);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    CHECK(clock.now() == first);
    clock.go_on();
    CHECK(clock.now() >= first + std::chrono::milliseconds(2));
}
