// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/ownership.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

using tcmud::serving::Ownership;

TEST_CASE("an owner enters calls and leaves them") {
    Ownership ownership;
    ownership.begin(7);
    for (int i = 0; i < 3; ++i) {
        const auto inside = ownership.enter();
        CHECK(Ownership::in_call(ownership.look()));
        CHECK(Ownership::owner_of(ownership.look()) == 7);
        CHECK(ownership.leave(inside));
        CHECK_FALSE(Ownership::in_call(ownership.look()));
    }
}

TEST_CASE("who comes back from a call after the loop was taken is told so") {
    Ownership ownership;
    ownership.begin(7);
    const auto inside = ownership.enter();
    CHECK(ownership.take(ownership.look(), 8));
    CHECK(Ownership::owner_of(ownership.look()) == 8);
    CHECK_FALSE(Ownership::in_call(ownership.look()));
    CHECK_FALSE(ownership.leave(inside));
    const auto next = ownership.enter();
    CHECK(ownership.leave(next));
}

TEST_CASE("a call that has ended cannot be taken, nor the one after it in its place") {
    Ownership ownership;
    ownership.begin(7);
    const auto first = ownership.enter();
    const auto seen = ownership.look();
    CHECK(ownership.leave(first));
    CHECK_FALSE(ownership.take(seen, 8));
    const auto second = ownership.enter();
    CHECK_FALSE(ownership.take(seen, 8));
    CHECK(ownership.leave(second));
}

TEST_CASE("a call is taken once") {
    Ownership ownership;
    ownership.begin(7);
    const auto inside = ownership.enter();
    const auto seen = ownership.look();
    CHECK(ownership.take(seen, 8));
    CHECK_FALSE(ownership.take(seen, 9));
    CHECK_FALSE(ownership.leave(inside));
}

// Two threads carry one loop in turns, while a third takes it from whoever is inside of a call.
TEST_CASE("however calls, ends and takings interleave, the loop has one owner") {
    const unsigned seed = GENERATE(range(1u, 6u));
    Ownership ownership;
    ownership.begin(1);
    std::array<std::atomic<bool>, 3> mine{false, true, false};
    std::atomic<bool> stop{false};
    std::atomic<int> inside_of_loop{0};
    std::atomic<unsigned> lost{0};
    std::atomic<unsigned> taken{0};
    std::atomic<bool> two_at_once{false};
    unsigned turns = 0;  // Not atomic: tsan sees two owners.

    const auto carry = [&](unsigned self) {
        std::mt19937 random(seed * 10 + self);
        while (!stop) {
            if (!mine[self]) {
                std::this_thread::yield();
                continue;
            }
            if (inside_of_loop.fetch_add(1) != 0) two_at_once = true;
            ++turns;
            inside_of_loop.fetch_sub(1);
            const auto call = ownership.enter();
            for (auto i = random() % 50; i > 0; --i) std::this_thread::yield();
            if (!ownership.leave(call)) {
                ++lost;
                mine[self] = false;
            }
        }
    };
    std::thread first(carry, 1);
    std::thread second(carry, 2);
    std::thread watcher([&] {
        while (!stop) {
            const auto seen = ownership.look();
            std::this_thread::yield();
            const unsigned next = 3 - Ownership::owner_of(seen);
            // A late thread is a spare only after it has come back.
            if (!Ownership::in_call(seen) || mine[next] || !ownership.take(seen, next)) continue;
            ++taken;
            mine[next] = true;
        }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop = true;
    first.join();
    second.join();
    watcher.join();
    CHECK_FALSE(two_at_once);
    CHECK(turns > 0);
    CHECK(taken > 0);
    CHECK(lost <= taken);
}
