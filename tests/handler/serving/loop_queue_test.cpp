// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/loop_queue.hpp"

#include <thread>

#include "tests/handler/serving/queue_bench.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::Descriptor;
using tcmud::test::QueueBench;
using tcmud::test::Waiting;

TEMPLATE_TEST_CASE("what was written is read, wherever the file lies", "", InlineQueue, IoUringQueue) {
    QueueBench<TestType> bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file;
        file.fd = fd;
        CHECK(bench.write(file, 3, "abcdef").bytes == 6);
        CHECK(bench.write(file, 5, "XY", Stable::yes).bytes == 2);
        CHECK(bench.read(file, 3, 6) == "abXYef 6");
        CHECK(bench.read(file, 0, 4) == std::string("\0\0\0a 4", 6));
    }
}

TEMPLATE_TEST_CASE("a read over the file's end has the bytes that are there, and no error", "", InlineQueue,
                   IoUringQueue) {
    QueueBench<TestType> bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file;
        file.fd = fd;
        bench.write(file, 0, "abc");
        CHECK(bench.read(file, 1, 4) == "bc.. 2");
        CHECK(bench.read(file, 100, 2) == ".. 0");
    }
}

TEMPLATE_TEST_CASE("an answer is never given inside of the call that queued, nor by submit or reap", "",
                   InlineQueue, IoUringQueue) {
    QueueBench<TestType> bench;
    IoFile file;
    file.fd = bench.memory.get();
    Waiting waiting;
    bench.queue.sync(file, Completion(waiting));
    CHECK(bench.queue.has_work());
    CHECK_FALSE(bench.queue.idle());
    REQUIRE(bench.queue.submit());
    while (!bench.queue.has_work()) bench.queue.reap();
    CHECK(waiting.answers == 0);
    CHECK(bench.queue.deliver());
    CHECK(waiting.answers == 1);
    CHECK(waiting.answer->status == IoStatus::ok);
    CHECK_FALSE(bench.queue.deliver());
    CHECK(bench.queue.idle());
}

TEMPLATE_TEST_CASE("more pieces than one system call takes are moved all the same", "", InlineQueue,
                   IoUringQueue) {
    QueueBench<TestType> bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file;
        file.fd = fd;
        std::string text;
        for (std::size_t i = 0; i < 3000; ++i) text += static_cast<char>('a' + i % 26);
        std::vector<iovec> pieces;
        for (auto& letter : text) pieces.push_back({&letter, 1});
        Waiting written;
        bench.queue.write(file, ByteOffset{7}, pieces, Stable::no, Completion(written));
        bench.finish();
        REQUIRE(written.answer);
        CHECK(written.answer->bytes == 3000);
        const auto expected = text;
        text.assign(3000, '.');
        Waiting read;
        bench.queue.read(file, ByteOffset{7}, pieces, Completion(read));
        bench.finish();
        CHECK(read.answer->bytes == 3000);
        CHECK(text == expected);
    }
}

TEMPLATE_TEST_CASE("more operations than the ring has entries are each answered once", "", InlineQueue,
                   IoUringQueue) {
    QueueBench<TestType> bench;
    IoFile file;
    file.fd = bench.disk.get();
    std::string text(5000, 'x');
    std::vector<Waiting> waiting(text.size());
    std::vector<iovec> pieces(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>('a' + i % 26);
        pieces[i] = {&text[i], 1};
        bench.queue.write(file, ByteOffset{i}, {&pieces[i], 1}, Stable::no, Completion(waiting[i]));
    }
    bench.finish();
    for (const auto& one : waiting) REQUIRE((one.answers == 1 && one.answer->status == IoStatus::ok));
    CHECK(bench.read(file, 0, 5000) == text + " 5000");
}

TEMPLATE_TEST_CASE("a failure says what the initiator has to know", "", InlineQueue, IoUringQueue) {
    QueueBench<TestType> bench;
    const Descriptor read_only_fd(::open((bench.directory.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
    IoFile read_only;
    read_only.fd = read_only_fd.get();
    CHECK(bench.write(read_only, 0, "a").status == IoStatus::read_only);
    const Descriptor full_fd(::open("/dev/full", O_RDWR | O_CLOEXEC));
    IoFile full;
    full.fd = full_fd.get();
    CHECK(bench.write(full, 0, "a").status == IoStatus::no_space);
}

TEMPLATE_TEST_CASE("space that is given back reads as zeros", "", InlineQueue, IoUringQueue) {
    QueueBench<TestType> bench;
    IoFile file;
    file.fd = bench.memory.get();
    bench.write(file, 0, "abcdef");
    Waiting waiting;
    bench.queue.allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, ByteOffset{1}, ByteCount{2},
                         Completion(waiting));
    bench.finish();
    REQUIRE(waiting.answer);
    CHECK(waiting.answer->status == IoStatus::ok);
    CHECK(bench.read(file, 0, 6) == std::string("a\0\0def 6", 8));
}

TEMPLATE_TEST_CASE("what a delivered answer queues is done by the next turn", "", InlineQueue, IoUringQueue) {
    QueueBench<TestType> bench;
    struct Chained : Waiting {
        TestType* queue = nullptr;
        IoFile* file = nullptr;
        Waiting second;
    };
    IoFile file;
    file.fd = bench.memory.get();
    Chained first;
    first.queue = &bench.queue;
    first.file = &file;
    first.deliver = [](IoOperation& operation, const IoResult&) {
        auto& self = static_cast<Chained&>(operation);
        self.queue->sync(*self.file, Completion(self.second));
    };
    bench.queue.post(Completion(first), {});
    bench.queue.reap();
    bench.queue.deliver();
    CHECK(first.second.answers == 0);
    CHECK(bench.queue.has_work());
    bench.finish();
    CHECK(first.second.answers == 1);
}

TEMPLATE_TEST_CASE("an answer that another thread posts wakes ours and is delivered here", "", InlineQueue,
                   IoUringQueue) {
    QueueBench<TestType> bench;
    Waiting waiting;
    std::thread([&] { bench.queue.post(Completion(waiting), {IoStatus::miscompare, 1, 2}); }).join();
    eventfd_t rung = 0;
    CHECK(::eventfd_read(bench.wake.get(), &rung) == 0);
    CHECK(waiting.answers == 0);
    bench.queue.reap();
    bench.queue.deliver();
    REQUIRE(waiting.answers == 1);
    CHECK(waiting.answer->status == IoStatus::miscompare);
    CHECK(waiting.answer->bytes == 1);
    CHECK(waiting.answer->detail == 2);
}

TEMPLATE_TEST_CASE("work that may block is done on a thread of its own, and answered here", "", InlineQueue,
                   IoUringQueue) {
    QueueBench<TestType> bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file;
        file.fd = fd;
        std::thread::id worker;
        Waiting waiting;
        const auto work = [](void* id) { *static_cast<std::thread::id*>(id) = std::this_thread::get_id(); };
        bench.queue.run(file, work, &worker, Completion(waiting));
        bench.finish();
        REQUIRE(waiting.answer);
        CHECK(waiting.answer->status == IoStatus::ok);
        CHECK(worker != std::thread::id());
        CHECK(worker != std::this_thread::get_id());
    }
}
