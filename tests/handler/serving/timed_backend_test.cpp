// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/timed_backend.hpp"

#include <thread>

#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"

using namespace tcmud;
using namespace std::chrono_literals;
using serving::Direction;

namespace {

// Keeps the one operation that it is asked for.
class KeepingBackend final : public BlockBackend {
public:
    ByteCount size() const override { return ByteCount{4096}; }
    BlockTraits traits() const override { return {}; }
    void start(IoQueue&) override {}
    void read(ByteOffset, Buffers, Completion done) override { keep(std::move(done)); }
    void write(ByteOffset, Buffers, Stable, Completion done) override { keep(std::move(done)); }
    void flush(Completion done) override { keep(std::move(done)); }
    void unmap(ByteOffset, ByteCount, Completion done) override { keep(std::move(done)); }
    void write_zeroes(ByteOffset, ByteCount, bool, Completion done) override { keep(std::move(done)); }
    Result<void> resize(ByteCount) override { return {}; }
    void abort(IoOperation& operation) override { aborted = kept == &operation; }

    void answer(IoResult result) { Completion (*std::exchange(kept, nullptr))(result); }

    IoOperation* kept = nullptr;
    bool aborted = false;

private:
    void keep(Completion done) { kept = std::move(done).release(); }
};

struct TimedBench {
    KeepingBackend backend;
    serving::TurnClock clock;
    serving::TimedBackend timed{backend, clock};
    test::Waiting waiting;

    std::uint64_t count(Direction direction) const { return timed.latency(direction).snapshot().count(); }
};

}  // namespace

TEST_CASE("an operation is answered as its backend answers it, and the time that it took is recorded") {
    TimedBench bench;
    bench.timed.read(ByteOffset{0}, {}, Completion(bench.waiting));
    CHECK(bench.count(Direction::read) == 0);
    std::this_thread::sleep_for(3ms);
    bench.clock.go_on();
    bench.backend.answer({IoStatus::no_space, 7, 5});
    REQUIRE(bench.waiting.answers == 1);
    CHECK(bench.waiting.answer->status == IoStatus::no_space);
    CHECK(bench.waiting.answer->detail == 5);
    const auto latency = bench.timed.latency(Direction::read).snapshot();
    CHECK(latency.count() == 1);
    CHECK(latency.nanoseconds >= 3'000'000);
}

TEST_CASE("reads, writes and the rest are told apart") {
    TimedBench bench;
    const auto ask_and_answer = [&](auto ask) {
        ask();
        bench.backend.answer({});
    };
    ask_and_answer([&] { bench.timed.write(ByteOffset{0}, {}, Stable::no, Completion(bench.waiting)); });
    ask_and_answer([&] { bench.timed.flush(Completion(bench.waiting)); });
    ask_and_answer([&] { bench.timed.unmap(ByteOffset{0}, ByteCount{512}, Completion(bench.waiting)); });
    ask_and_answer(
        [&] { bench.timed.write_zeroes(ByteOffset{0}, ByteCount{512}, true, Completion(bench.waiting)); });
    CHECK(bench.waiting.answers == 4);
    CHECK(bench.count(Direction::read) == 0);
    CHECK(bench.count(Direction::write) == 1);
    CHECK(bench.count(Direction::other) == 3);
}

TEST_CASE("an operation is aborted under the name that its waiter knows") {
    TimedBench bench;
    bench.timed.read(ByteOffset{0}, {}, Completion(bench.waiting));
    bench.timed.abort(bench.waiting);
    CHECK(bench.backend.aborted);
    bench.backend.answer({IoStatus::aborted, 0, 0});
    CHECK(bench.waiting.answer->status == IoStatus::aborted);
}
