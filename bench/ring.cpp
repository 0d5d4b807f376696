// SPDX-License-Identifier: Apache-2.0
// What a command costs without a kernel: READ(10) or WRITE(10) of 4 KiB through ring, serving loop, SCSI and
// the null backend.
//
// The main thread plays the kernel and the initiator, the serving thread is ours: an instruction counter that
// tells threads apart (bench/ring) needs no subtraction. Time is the serving thread's on the CPU, with the
// system calls of its turns.
//
// usage: tcmu-ring-bench read|write BATCH COMMANDS
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <optional>
#include <stdexcept>
#include <vector>

#include "handler/devices/block/block_device.hpp"
#include "handler/serving/session.hpp"
#include "tcmud/module.hpp"
#include "tests/support/kernel_ring.hpp"
#include "tests/support/memory_disk.hpp"
#include "tests/support/test_loop.hpp"

extern "C" const tcmud::ModuleEntry tcmud_module;  // The null backend, linked in.

namespace {

using namespace tcmud;
using Cdb = std::array<std::uint8_t, 10>;

constexpr std::uint64_t disk_size = 1 << 30;
constexpr std::size_t transfer_length = 4096;
constexpr int answer_timeout_ms = 30'000;
constexpr Cdb read_10{0x28, 0, 0, 0, 0x10, 0, 0, 0, transfer_length / 512, 0};
constexpr Cdb write_10{0x2a, 0, 0, 0, 0x10, 0, 0, 0, transfer_length / 512, 0};

template <class Work>
auto on_loop(serving::Loop& loop, Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    loop.post([&task] { task(); });
    return result.get();
}

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

class Lun {
public:
    Lun() : loop_("ring-bench"), kernel_({.ring_size = 64 * 1024, .data_blocks = 256}) {
        auto opened = tcmud_module.module().open(
            {.subtype = "null", .path = {}, .options = {}, .size = ByteCount{disk_size}});
        if (!opened) throw std::runtime_error("the null backend cannot be opened");
        backend_ = std::get<std::unique_ptr<BlockBackend>>(std::move(*opened));
        on_loop(loop_, [this] {
            backend_->start(loop_.io());
            device_.emplace(*backend_, devices::BlockSettings{}, host_);
            session_.emplace(bell_.device(), *uio::Ring::attach(kernel_.mapping(), uio::Journal::in_memory()),
                             *device_, loop_, serving::Session::Events{});
            session_->start();
        });
    }
    ~Lun() {
        std::promise<void> idle;
        on_loop(loop_, [&] { session_->pause([&] { idle.set_value(); }); });
        idle.get_future().get();
        on_loop(loop_, [this] {
            session_->leave();
            session_.reset();
            device_.reset();
        });
    }
    Lun(const Lun&) = delete;
    Lun& operator=(const Lun&) = delete;

    // The first command after a start is told of it.
    void settle() {
        kernel_.submit({0, 0, 0, 0, 0, 0});
        finish();
    }
    void serve(const Cdb& cdb, unsigned batch) {
        for (unsigned i = 0; i < batch; ++i) kernel_.submit(cdb, buffer_);
        for (const auto& answer : finish()) {
            if (answer.status != 0) throw std::runtime_error("a command failed");
        }
    }
    std::uint64_t nanoseconds() {
        return on_loop(loop_, [] {
            timespec used{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
            return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
                   static_cast<std::uint64_t>(used.tv_nsec);
        });
    }

private:
    std::vector<test::KernelRing::Completed> finish() {
        bell_.ring();
        std::vector<test::KernelRing::Completed> answers;
        while (kernel_.outstanding() > 0) {
            bell_.wait();
            for (auto& answer : kernel_.collect()) answers.push_back(std::move(answer));
        }
        bell_.forget();
        return answers;
    }

    test::TestLoop loop_;
    test::KernelRing kernel_;
    Doorbell bell_;
    test::Host host_;
    std::unique_ptr<BlockBackend> backend_;
    std::optional<devices::BlockDevice> device_;
    std::optional<serving::Session> session_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(transfer_length);
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: tcmu-ring-bench read|write BATCH COMMANDS\n");
        return 2;
    }
    const auto& cdb = std::strcmp(arguments[1], "write") == 0 ? write_10 : read_10;
    const auto batch = static_cast<unsigned>(std::atoi(arguments[2]));
    const auto commands = static_cast<unsigned>(std::atoi(arguments[3]));
    Lun lun;
    lun.settle();
    const auto before = lun.nanoseconds();
    for (unsigned done = 0; done < commands; done += batch) lun.serve(cdb, batch);
    std::printf("%.0f\n", static_cast<double>(lun.nanoseconds() - before) / commands);
}
