// SPDX-License-Identifier: Apache-2.0
// A LUN without a kernel: its ring is plain memory, and the main thread plays the kernel and the initiator.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <future>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "handler/devices/device.hpp"
#include "handler/serving/session.hpp"
#include "tests/support/kernel_ring.hpp"
#include "tests/support/test_loop.hpp"

namespace tcmud::bench {

// A UIO device's descriptor: edges for the daemon, which never reads it, doorbells for the kernel.
class Doorbell {
public:
    Doorbell() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_) != 0)
            throw std::runtime_error("socketpair failed");
        unread_ = ::fcntl(ends_[0], F_DUPFD_CLOEXEC, 0);
    }
    ~Doorbell() {
        ::close(ends_[1]);
        ::close(unread_);
    }
    Doorbell(const Doorbell&) = delete;
    Doorbell& operator=(const Doorbell&) = delete;

    // Once; the descriptor then is the device's.
    uio::Device device() const { return uio::Device::adopt(ends_[0], {}); }
    void ring() const {
        const std::int32_t count = 1;
        if (::write(ends_[1], &count, sizeof count) != sizeof count) throw std::runtime_error("write failed");
    }
    void wait() const {
        constexpr int answer_timeout_ms = 30'000;
        pollfd polled{ends_[1], POLLIN, 0};
        if (::poll(&polled, 1, answer_timeout_ms) != 1) throw std::runtime_error("a command is not answered");
        drain(ends_[1]);
    }
    // What the daemon leaves unread would fill the socket. REQUIRES: it has seen it, else it never will.
    void forget() const { drain(unread_); }

private:
    static void drain(int fd) {
        char events[256];
        while (::read(fd, events, sizeof events) > 0) {
        }
    }

    int ends_[2];
    int unread_;
};

class PlainRing {
public:
    using Answers = std::vector<test::KernelRing::Completed>;

    explicit PlainRing(const test::KernelRing::Shape& shape) : loop_("ring-bench"), kernel_(shape) {}

    serving::Loop& loop() { return loop_; }
    // Runs work on the serving thread.
    template <class Work>
    auto on_loop(Work work) {
        std::packaged_task<decltype(work())()> task(std::move(work));
        auto result = task.get_future();
        loop_.post([&task] { task(); });
        return result.get();
    }

    // On the serving thread.
    void begin(devices::Device& device) {
        session_.emplace(bell_.device(), *uio::Ring::attach(kernel_.mapping(), uio::Journal::in_memory()),
                         device, loop_, serving::Session::Events{});
        session_->start();
    }
    // After it the device may go. REQUIRES: begun.
    void end() {
        std::promise<void> idle;
        on_loop([&] { session_->pause([&] { idle.set_value(); }); });
        idle.get_future().get();
        on_loop([this] {
            session_->leave();
            session_.reset();
        });
    }

    void submit(std::span<const std::uint8_t> cdb, std::span<const std::byte> data = {}) {
        kernel_.submit(cdb, data);
    }
    // Of all that was submitted.
    Answers finish() {
        bell_.ring();
        Answers answers;
        while (kernel_.outstanding() > 0) {
            bell_.wait();
            for (auto& answer : kernel_.collect()) answers.push_back(std::move(answer));
        }
        bell_.forget();
        return answers;
    }

    // The serving thread's on the CPU, system calls included.
    std::uint64_t nanoseconds() {
        return on_loop([] {
            timespec used{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
            return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
                   static_cast<std::uint64_t>(used.tv_nsec);
        });
    }

private:
    test::TestLoop loop_;
    test::KernelRing kernel_;
    Doorbell bell_;
    std::optional<serving::Session> session_;
};

}  // namespace tcmud::bench
