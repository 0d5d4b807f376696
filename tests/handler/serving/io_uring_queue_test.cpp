// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/io_uring_queue.hpp"

#include "tests/handler/serving/queue_bench.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::QueueBench;
using tcmud::test::Waiting;

// What both kinds of queues do is in loop_queue_test.cpp.

TEST_CASE("a machine either has io_uring or says that it has not") {
    if (IoUringQueue::available()) {
        const QueueBench<IoUringQueue> bench;
        CHECK(bench.queue.fd() >= 0);
    } else {
        CHECK_THROWS_AS(QueueBench<IoUringQueue>(), std::system_error);
    }
}

TEST_CASE("operations that are asynchronous are not ended by the call that submits them") {
    QueueBench<IoUringQueue> bench;
    IoFile file;
    file.fd = bench.disk.get();
    Waiting waiting;
    bench.queue.sync(file, Completion(waiting));
    REQUIRE(bench.queue.submit());
    CHECK_FALSE(bench.queue.has_work());
    CHECK_FALSE(bench.queue.idle());
    bench.finish();
    CHECK(waiting.answers == 1);
}
