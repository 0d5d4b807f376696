// SPDX-License-Identifier: Apache-2.0
// What tests of serving need: a turn of a loop to look into, doorbells, a device and a backend in memory.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "handler/devices/device.hpp"
#include "handler/devices/host.hpp"
#include "handler/serving/loop.hpp"
#include "tcmud/block_backend.hpp"
#include "tests/support/test_loop.hpp"
#include "uio/device.hpp"
#include "uio/ring.hpp"

namespace tcmud::test {

// No template: hundreds of them would take the compiler longer than all of the tests.
inline void run_on(serving::Loop& loop, std::function<void()> work) {
    auto task = std::make_shared<std::packaged_task<void()>>(std::move(work));
    auto ended = task->get_future();
    loop.post([task] { (*task)(); });
    ended.get();
}

// Runs f on the loop's thread; returns, or throws, what it did. The turns of earlier calls have ended before
// f begins.
template <class F>
auto on(serving::Loop& loop, F f) {
    using Value = decltype(f());
    if constexpr (std::is_void_v<Value>) {
        run_on(loop, std::ref(f));
    } else {
        std::optional<Value> value;
        run_on(loop, [&] { value.emplace(f()); });
        return std::move(*value);
    }
}

struct Waiting : IoOperation {
    Waiting() {
        deliver = [](IoOperation& operation, const IoResult& ended_with) {
            auto& self = static_cast<Waiting&>(operation);
            self.answer = ended_with;
            ++self.answers;
        };
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::optional<IoResult> answer;
    int answers = 0;
};

// A UIO device's descriptor (ours) and the kernel's end of it.
class Doorbell {
public:
    Doorbell() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) != 0)
            throw std::runtime_error("socketpair failed");
    }
    Doorbell(const Doorbell&) = delete;
    Doorbell& operator=(const Doorbell&) = delete;
    ~Doorbell() {
        for (const int end : ends_) {
            if (end >= 0) ::close(end);
        }
    }
    // Once.
    uio::Device device() { return uio::Device::adopt(std::exchange(ends_[0], -1), {}); }
    void ring() const {
        const std::int32_t count = 1;
        if (::write(ends_[1], &count, sizeof count) != sizeof count) throw std::runtime_error("write failed");
    }
    // Whether we were told something, now or soon; takes it.
    bool was_rung(int timeout_ms = 0) const {
        pollfd polled{ends_[1], POLLIN, 0};
        std::int32_t count = 0;
        return ::poll(&polled, 1, timeout_ms) == 1 && ::read(ends_[1], &count, sizeof count) == sizeof count;
    }
    void vanish() { ::close(std::exchange(ends_[1], -1)); }

private:
    int ends_[2];
};

// Keeps commands until the test answers them.
class HoldingDevice final : public devices::Device {
public:
    struct Held {
        devices::Command* command;
        devices::Reply reply;
    };
    void execute(devices::Command& command, devices::Reply reply) override {
        held.push_back({&command, std::move(reply)});
    }
    void abort(devices::Command& command) override { aborted.push_back(&command); }
    void reset() override { ++resets; }
    bool idle() const override { return !busy; }
    scsi::SenseFormat sense_format() const override { return scsi::SenseFormat::fixed; }

    void answer(std::size_t which, scsi::Outcome outcome) {
        auto reply = std::move(held.at(which).reply);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
        std::move(reply)(outcome);
    }
    void answer_all(scsi::Outcome outcome) {
        while (!held.empty()) answer(0, outcome);
    }

    std::vector<Held> held;
    std::vector<devices::Command*> aborted;
    int resets = 0;
    bool busy = false;
};

class MemoryBackend final : public BlockBackend {
public:
    explicit MemoryBackend(std::size_t size) : bytes_(size) {}
    ByteCount size() const override { return ByteCount{bytes_.size()}; }
    BlockTraits traits() const override { return {}; }
    void start(IoQueue&) override {}
    void read(ByteOffset at, Buffers into, Completion done) override {
        const auto moved = copy_to(into, ByteCount{0}, part(at, into));
        std::move(done)({IoStatus::ok, raw(moved), 0});
    }
    void write(ByteOffset at, Buffers from, Stable, Completion done) override {
        const auto moved = copy_from(from, ByteCount{0}, part(at, from));
        std::move(done)({IoStatus::ok, raw(moved), 0});
    }
    void flush(Completion done) override { std::move(done)({}); }
    void unmap(ByteOffset, ByteCount, Completion done) override { std::move(done)({}); }
    void write_zeroes(ByteOffset, ByteCount, bool, Completion done) override { std::move(done)({}); }
    Result<void> resize(ByteCount new_size) override {
        bytes_.resize(raw(new_size));
        return {};
    }

private:
    std::span<std::byte> part(ByteOffset at, Buffers buffers) {
        return std::span(bytes_).subspan(raw(at), raw(total(buffers)));
    }
    std::vector<std::byte> bytes_;
};

class LonelyHost final : public devices::Host {
public:
    LonelyHost() { identity_.serial = "1"; }
    const scsi::Identity& identity() const override { return identity_; }
    void fresh_identity(Completion done) override { std::move(done)({}); }
    void set_access_state(std::uint16_t, scsi::AccessState, Completion done) override {
        std::move(done)({IoStatus::unsupported, 0, 0});
    }
    void find_copy_peer(const scsi::Naa&, std::unique_ptr<devices::CopyPeer>&, Completion done) override {
        std::move(done)({IoStatus::not_ready, 0, 0});
    }
    void remark(std::string_view what) override { remarks.emplace_back(what); }

    std::vector<std::string> remarks;

private:
    scsi::Identity identity_;
};

}  // namespace tcmud::test
