// SPDX-License-Identifier: Apache-2.0
// A queue of either kind, and a file that lies in memory and one that lies where temporary files do.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "handler/serving/inline_queue.hpp"
#include "handler/serving/io_uring_queue.hpp"
#include "handler/serving/shared.hpp"
#include "tests/handler/serving/support.hpp"
#include "tests/support/descriptor.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

template <class Queue>
struct QueueBench {
    Descriptor wake{Descriptor::wake()};
    serving::Shared shared;
    Queue queue{wake.get(), shared};
    TemporaryDirectory directory;
    Descriptor memory{::memfd_create("test", MFD_CLOEXEC)};
    Descriptor disk{::open((directory.path() / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};

    // Turns until all is answered.
    void finish() {
        do {
            REQUIRE(queue.submit());
            queue.reap();
            if (queue.deliver() || queue.has_work() || queue.idle()) continue;
            std::array<pollfd, 2> polled{{{queue.fd(), POLLIN, 0}, {wake.get(), POLLIN, 0}}};
            // A wake-up that is lost is a command that hangs.
            REQUIRE(::poll(polled.data(), polled.size(), 60'000) > 0);
            eventfd_t count = 0;
            ::eventfd_read(wake.get(), &count);
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

}  // namespace tcmud::test
