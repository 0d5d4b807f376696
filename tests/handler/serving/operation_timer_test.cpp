// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/operation_timer.hpp"

#include <optional>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"

using namespace tcmud;
using namespace std::chrono_literals;
using serving::Direction;

namespace {

struct TimerBench {
    serving::TurnClock clock;
    serving::OperationTimer timer{clock};
    test::Waiting waiting;

    serving::Latency::Snapshot reads() const { return timer.latency(Direction::read).snapshot(); }
};

}  // namespace

TEST_CASE("an operation that ends between two points of a turn takes no time that can be seen") {
    TimerBench bench;
    auto timed = bench.timer.timed(Completion(bench.waiting), Direction::read);
    std::this_thread::sleep_for(2ms);
    std::move(timed)({});
    CHECK(bench.reads().count() == 1);
    CHECK(bench.reads().nanoseconds == 0);
}

TEST_CASE("an operation that ends inside of its call took as long as the call") {
    TimerBench bench;
    bench.timer.around(Direction::read, Completion(bench.waiting), [](Completion timed) {
        std::this_thread::sleep_for(2ms);
        std::move(timed)({});
    });
    CHECK(bench.waiting.answers == 1);
    CHECK(bench.reads().nanoseconds >= 2'000'000);
}

TEST_CASE("one that ends after its call is looked at when its thread looks at the clock") {
    TimerBench bench;
    std::optional<Completion> kept;
    bench.timer.around(Direction::other, Completion(bench.waiting),
                       [&](Completion timed) { kept.emplace(std::move(timed)); });
    std::this_thread::sleep_for(2ms);
    bench.clock.go_on();
    std::move (*kept)({IoStatus::no_space, 7, 0});
    CHECK(bench.waiting.answer->status == IoStatus::no_space);
    CHECK(bench.timer.latency(Direction::other).snapshot().nanoseconds >= 2'000'000);
}
