// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/in_time.hpp"

#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using tcmud::ctl::in_time;

TEST_CASE("work that ends in time gives its text, a long one too") {
    CHECK(in_time(10s, [] { return std::string(100'000, 'x'); }) == std::string(100'000, 'x'));
    CHECK(in_time(10s, [] { return std::string(); }) == "");
}

TEST_CASE("work that fails has no text") {
    CHECK_FALSE(in_time(10s, []() -> std::string { throw std::runtime_error("in the child"); }));
}

TEST_CASE("work that does not end is left behind") {
    const auto began = std::chrono::steady_clock::now();
    CHECK_FALSE(in_time(100ms, [] {
        std::this_thread::sleep_for(1h);
        return std::string("late");
    }));
    CHECK(std::chrono::steady_clock::now() - began < 30s);
}
