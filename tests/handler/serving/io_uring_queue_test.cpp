// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/io_uring_queue.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::Waiting;

namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) { REQUIRE(fd >= 0); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(fd_); }
    int get() const { return fd_; }

private:
    int fd_;
};

// A queue, and a file that lies in memory and one that lies where temporary files do.
struct Bench {
    Descriptor wake{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    IoUringQueue queue{wake.get()};
    test::TemporaryDirectory directory;
    Descriptor memory{::memfd_create("test", MFD_CLOEXEC)};
    Descriptor disk{::open((directory.path() / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};

    // Turns until all is answered.
    void finish() {
        do {
            queue.submit();
            queue.reap();
            if (queue.deliver() || queue.idle()) continue;
            pollfd polled{queue.fd(), POLLIN, 0};
            ::poll(&polled, 1, 1000);
        } while (!queue.idle());
    }
    IoResult write(IoFile& file, std::uint64_t at, std::string text, Stable stable = Stable::no) {
        Waiting waiting;
        const iovec piece{text.data(), text.size()};
        queue.write(file, ByteOffset{at}, {&piece, 1}, stable, Completion(waiting));
        finish();
        REQUIRE(waiting.answers == 1);
        return *waiting.answer;
    }
    std::string read(IoFile& file, std::uint64_t at, std::size_t length) {
        Waiting waiting;
        std::string text(length, '.');
        const iovec piece{text.data(), text.size()};
        queue.read(file, ByteOffset{at}, {&piece, 1}, Completion(waiting));
        finish();
        REQUIRE(waiting.answers == 1);
        CHECK(waiting.answer->status == IoStatus::ok);
        return text + " " + std::to_string(waiting.answer->bytes);
    }
};

}  // namespace

TEST_CASE("a file in memory is known as such, and what is no file may have to wait") {
    const Bench bench;
    CHECK(execution_of(bench.memory.get()) == IoFile::Execution::plain);
    CHECK(execution_of(-1) == IoFile::Execution::waiting);
    CHECK(execution_of(bench.disk.get()) != IoFile::Execution::unknown);
}

TEST_CASE("what was written is read, wherever the file lies") {
    Bench bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file{fd};
        CHECK(bench.write(file, 3, "abcdef").bytes == 6);
        CHECK(bench.write(file, 5, "XY", Stable::yes).bytes == 2);
        CHECK(bench.read(file, 3, 6) == "abXYef 6");
        CHECK(bench.read(file, 0, 4) == std::string("\0\0\0a 4", 6));
    }
}

TEST_CASE("a read over the file's end has the bytes that are there, and no error") {
    Bench bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file{fd};
        bench.write(file, 0, "abc");
        CHECK(bench.read(file, 1, 4) == "bc.. 2");
        CHECK(bench.read(file, 100, 2) == ".. 0");
    }
}

TEST_CASE("an answer is never given inside of the call that queued, nor by submit or reap") {
    Bench bench;
    IoFile file{bench.memory.get()};
    Waiting waiting;
    bench.queue.sync(file, Completion(waiting));
    CHECK(bench.queue.has_work());
    CHECK_FALSE(bench.queue.idle());
    bench.queue.submit();
    bench.queue.reap();
    CHECK(waiting.answers == 0);
    CHECK(bench.queue.deliver());
    CHECK(waiting.answers == 1);
    CHECK(waiting.answer->status == IoStatus::ok);
    CHECK_FALSE(bench.queue.deliver());
    CHECK(bench.queue.idle());
}

TEST_CASE("more pieces than one system call takes are moved all the same") {
    Bench bench;
    for (const int fd : {bench.memory.get(), bench.disk.get()}) {
        IoFile file{fd};
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

TEST_CASE("more operations than the ring has entries are each answered once") {
    Bench bench;
    IoFile file{bench.disk.get()};
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

TEST_CASE("a failure says what the initiator has to know") {
    Bench bench;
    const Descriptor read_only_fd(::open((bench.directory.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
    IoFile read_only{read_only_fd.get()};
    CHECK(bench.write(read_only, 0, "a").status == IoStatus::read_only);
    const Descriptor full_fd(::open("/dev/full", O_RDWR | O_CLOEXEC));
    IoFile full{full_fd.get()};
    CHECK(bench.write(full, 0, "a").status == IoStatus::no_space);
}

TEST_CASE("space that is given back reads as zeros") {
    Bench bench;
    IoFile file{bench.memory.get()};
    bench.write(file, 0, "abcdef");
    Waiting waiting;
    bench.queue.allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, ByteOffset{1}, ByteCount{2},
                         Completion(waiting));
    bench.finish();
    REQUIRE(waiting.answer);
    CHECK(waiting.answer->status == IoStatus::ok);
    CHECK(bench.read(file, 0, 6) == std::string("a\0\0def 6", 8));
}

TEST_CASE("what a delivered answer queues is done by the next turn") {
    Bench bench;
    struct Chained : Waiting {
        IoUringQueue* queue = nullptr;
        IoFile* file = nullptr;
        Waiting second;
    };
    IoFile file{bench.memory.get()};
    Chained first;
    first.queue = &bench.queue;
    first.file = &file;
    first.deliver = [](IoOperation& operation, IoResult) {
        auto& self = static_cast<Chained&>(operation);
        self.queue->sync(*self.file, Completion(self.second));
    };
    bench.queue.sync(file, Completion(first));
    bench.queue.submit();
    bench.queue.reap();
    bench.queue.deliver();
    CHECK(first.second.answers == 0);
    CHECK(bench.queue.has_work());
    bench.finish();
    CHECK(first.second.answers == 1);
}

TEST_CASE("an answer that another thread posts wakes ours and is delivered here") {
    Bench bench;
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
