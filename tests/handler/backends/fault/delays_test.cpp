// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/fault/delays.hpp"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "handler/serving/io_uring_queue.hpp"
#include "handler/serving/shared.hpp"
#include "tests/support/descriptor.hpp"

using namespace tcmud;
using namespace tcmud::fault;
using namespace std::chrono_literals;

namespace {

// Delays, and a queue that is looked after by the test's own thread.
struct Bench {
    struct Operation : IoOperation {
        std::vector<int>* ended = nullptr;
        int number = 0;
    };
    void add(Operation& operation, int number, std::chrono::milliseconds after) {
        operation.ended = &ended;
        operation.number = number;
        operation.deliver = [](IoOperation& self, const IoResult&) {
            auto& mine = static_cast<Operation&>(self);
            mine.ended->push_back(mine.number);
        };
        delays.add(operation, Delays::Clock::now() + after);
    }
    void look() {
        queue.reap();
        queue.deliver();
    }
    void wait_for(std::size_t count) {
        const auto deadline = Delays::Clock::now() + 20s;
        while (ended.size() < count && Delays::Clock::now() < deadline) look();
        REQUIRE(ended.size() == count);
    }

    test::Descriptor wake{test::Descriptor::wake()};
    serving::Shared shared;
    serving::IoUringQueue queue{wake.get(), shared};
    Delays delays{queue};
    std::vector<int> ended;
};

}  // namespace

TEST_CASE("an operation comes back after its time, not before") {
    Bench bench;
    Bench::Operation operation;
    const auto began = Delays::Clock::now();
    bench.add(operation, 1, 50ms);
    CHECK(bench.delays.count() == 1);
    bench.wait_for(1);
    CHECK(Delays::Clock::now() - began >= 50ms);
    CHECK(bench.delays.count() == 0);
}

TEST_CASE("operations come back in the order of their times") {
    Bench bench;
    std::vector<Bench::Operation> operations(3);
    bench.add(operations[0], 0, 300ms);
    bench.add(operations[1], 1, 20ms);
    bench.add(operations[2], 2, 150ms);
    bench.wait_for(3);
    CHECK(bench.ended == std::vector<int>{1, 2, 0});
}

TEST_CASE("all that are delayed can be ended at once") {
    Bench bench;
    std::vector<Bench::Operation> operations(2);
    bench.add(operations[0], 0, 1h);
    bench.add(operations[1], 1, 2h);
    bench.look();
    CHECK(bench.ended.empty());
    bench.delays.end_all();
    bench.wait_for(2);
}
