// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/slow_calls.hpp"

#include <chrono>
#include <deque>
#include <thread>

#include "tests/handler/serving/queue_bench.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using namespace std::chrono_literals;
using tcmud::test::QueueBench;
using tcmud::test::Waiting;

// That stable writes and allocations come out right is in loop_queue_test.cpp.

TEST_CASE("slow calls run on threads of their own, a few for each file system, and all are answered") {
    QueueBench<InlineQueue> bench;
    IoFile file;
    file.fd = bench.disk.get();
    std::deque<Waiting> waiting(200);
    std::string text = "x";
    const iovec piece{text.data(), text.size()};
    std::size_t most = 0;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        bench.queue.write(file, ByteOffset{i * 512}, {&piece, 1}, Stable::yes, Completion(waiting[i]));
        REQUIRE(bench.queue.submit());
        most = std::max(most, bench.shared.slow_calls.threads());
    }
    bench.finish();
    for (const auto& one : waiting) REQUIRE((one.answers == 1 && one.answer->status == IoStatus::ok));
    CHECK(most >= 1);
    CHECK(most <= SlowCalls::calls_per_file_system);
}

TEST_CASE("threads that nobody needs end") {
    QueueBench<InlineQueue> bench;
    IoFile file;
    file.fd = bench.disk.get();
    bench.write(file, 0, "a", Stable::yes);
    CHECK(bench.shared.slow_calls.threads() >= 1);
    for (int i = 0; i < 100 && bench.shared.slow_calls.threads() != 0; ++i)
        std::this_thread::sleep_for(100ms);
    CHECK(bench.shared.slow_calls.threads() == 0);
    CHECK(bench.write(file, 0, "b", Stable::yes).status == IoStatus::ok);
}

TEST_CASE("a slow call that fails says why") {
    QueueBench<InlineQueue> bench;
    const test::Descriptor read_only(::open((bench.directory.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
    IoFile file;
    file.fd = read_only.get();
    CHECK(bench.write(file, 0, "a", Stable::yes).status == IoStatus::read_only);
}

TEST_CASE("slow calls that have not begun can be taken back, others tell their thread") {
    QueueBench<InlineQueue> bench;
    IoFile file;
    file.fd = bench.disk.get();
    std::deque<Waiting> waiting(400);
    std::string text = "x";
    const iovec piece{text.data(), text.size()};
    for (std::size_t i = 0; i < waiting.size(); ++i)
        bench.queue.write(file, ByteOffset{i * 512}, {&piece, 1}, Stable::yes, Completion(waiting[i]));
    REQUIRE(bench.queue.submit());
    for (auto& one : waiting) {
        const auto where = bench.queue.whereabouts(one);
        CHECK((where.thread != 0) == (where.words == "in a system call on its file (write)"));
        bench.queue.abort(one);
    }
    bench.finish();
    std::size_t aborted = 0;
    for (const auto& one : waiting) {
        REQUIRE(one.answers == 1);
        aborted += one.answer->status == IoStatus::aborted;
        if (one.answer->status != IoStatus::aborted) CHECK(one.answer->status == IoStatus::ok);
    }
    CHECK(aborted > 0);
    CHECK(bench.write(file, 0, "b", Stable::yes).status == IoStatus::ok);
}
