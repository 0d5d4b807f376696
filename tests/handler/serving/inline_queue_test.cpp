// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/inline_queue.hpp"

#include <vector>

#include "tests/handler/serving/queue_bench.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::QueueBench;
using tcmud::test::Waiting;

// What both kinds of queues do is in loop_queue_test.cpp.

TEST_CASE("inline: what the page cache can do is done inside of the turn") {
    QueueBench<InlineQueue> bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file;
        file.fd = fd;
        bench.write(file, 0, "abcdef");
        Waiting written;
        Waiting read;
        std::string text = "xyz...";
        const iovec from{text.data(), 3};
        const iovec into{text.data() + 3, 3};
        bench.queue.write(file, ByteOffset{0}, {&from, 1}, Stable::no, Completion(written));
        bench.queue.read(file, ByteOffset{3}, {&into, 1}, Completion(read));
        REQUIRE(bench.queue.submit());
        CHECK(bench.queue.has_work());
        bench.queue.reap();
        CHECK(bench.queue.deliver());
        CHECK(written.answers == 1);
        bench.finish();
        CHECK(read.answers == 1);
        CHECK(text == "xyzdef");
    }
}

TEST_CASE("inline: many reads of a turn are all answered, from both kinds of files") {
    QueueBench<InlineQueue> bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file;
        file.fd = fd;
        bench.write(file, 0, "0123456789");
        std::string text(1000, '.');
        std::vector<Waiting> waiting(text.size());
        std::vector<iovec> pieces(text.size());
        for (std::size_t i = 0; i < text.size(); ++i) {
            pieces[i] = {&text[i], 1};
            bench.queue.read(file, ByteOffset{i % 10}, {&pieces[i], 1}, Completion(waiting[i]));
        }
        bench.finish();
        for (std::size_t i = 0; i < text.size(); ++i) {
            REQUIRE(waiting[i].answers == 1);
            REQUIRE(text[i] == static_cast<char>('0' + i % 10));
        }
    }
}

TEST_CASE("inline: what is not in the page cache is waited for elsewhere") {
    QueueBench<InlineQueue> bench;
    IoFile file;
    file.fd = bench.disk.get();
    bench.write(file, 0, std::string(8192, 'a'), Stable::yes);
    ::posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED);
    CHECK(bench.read(file, 4096, 3) == "aaa 3");
    CHECK(bench.read(file, 8190, 3) == "aa. 2");
}

TEST_CASE("inline: a file whose reads always wait is remembered, and read all the same") {
    QueueBench<InlineQueue> bench;
    IoFile file;
    file.fd = bench.memory.get();
    bench.write(file, 0, "abc");
    // As if it were no file in memory: the kernel refuses to read it without waiting.
    file.reading = IoFile::Reading::no_wait;
    CHECK(bench.read(file, 0, 3) == "abc 3");
    CHECK(file.reading == IoFile::Reading::waiting);
    CHECK(bench.read(file, 1, 2) == "bc 2");
}

TEST_CASE("inline: while a call on a file system is stuck, others wait in the queue, and reads go on") {
    QueueBench<InlineQueue> bench;
    IoFile file;
    file.fd = bench.memory.get();
    bench.write(file, 0, "abc");
    file.file_system->stick();
    std::string text = "xyz";
    const iovec piece{text.data(), text.size()};
    Waiting written;
    Waiting synced;
    bench.queue.write(file, ByteOffset{0}, {&piece, 1}, Stable::no, Completion(written));
    bench.queue.sync(file, Completion(synced));
    REQUIRE(bench.queue.submit());
    bench.queue.reap();
    CHECK_FALSE(bench.queue.deliver());
    CHECK_FALSE(bench.queue.idle());
    CHECK_FALSE(bench.queue.has_work());

    std::string seen = "...";
    const iovec into{seen.data(), seen.size()};
    Waiting read;
    bench.queue.read(file, ByteOffset{0}, {&into, 1}, Completion(read));
    REQUIRE(bench.queue.submit());
    bench.queue.reap();
    bench.queue.deliver();
    CHECK(read.answers == 1);
    CHECK(seen == "abc");

    file.file_system->unstick();
    eventfd_t rung = 0;
    CHECK(::eventfd_read(bench.wake.get(), &rung) == 0);
    bench.finish();
    CHECK(written.answers == 1);
    CHECK(synced.answers == 1);
    CHECK(bench.read(file, 0, 3) == "xyz 3");
}

TEST_CASE("inline: what waits for a stuck file system says so, and ends when it is aborted") {
    QueueBench<InlineQueue> bench;
    IoFile file;
    file.fd = bench.memory.get();
    bench.write(file, 0, "abc");
    file.file_system->stick();
    std::string text = "xyz";
    const iovec piece{text.data(), text.size()};
    Waiting parked;
    Waiting queued;
    Waiting other;
    bench.queue.write(file, ByteOffset{0}, {&piece, 1}, Stable::no, Completion(parked));
    REQUIRE(bench.queue.submit());
    CHECK(bench.queue.whereabouts(parked).words ==
          "behind another call on its file system, which does not return");
    bench.queue.write(file, ByteOffset{0}, {&piece, 1}, Stable::no, Completion(queued));
    bench.queue.write(file, ByteOffset{3}, {&piece, 1}, Stable::no, Completion(other));
    CHECK(bench.queue.whereabouts(queued).words == "in the queue of its serving thread");
    for (auto* waiting : {&parked, &queued}) {
        bench.queue.abort(*waiting);
        CHECK(waiting->answers == 0);  // Never inside of the call.
    }
    CHECK(bench.queue.deliver());
    for (const auto* waiting : {&parked, &queued}) {
        REQUIRE(waiting->answers == 1);
        CHECK(waiting->answer->status == IoStatus::aborted);
        CHECK(waiting->place == IoOperation::Place::elsewhere);
    }
    file.file_system->unstick();
    bench.finish();
    CHECK(other.answers == 1);
    CHECK(bench.read(file, 0, 6) == "abcxyz 6");
    // What has ended is not there to be aborted.
    bench.queue.abort(other);
    CHECK(bench.queue.idle());
}
