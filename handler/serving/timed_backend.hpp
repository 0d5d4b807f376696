// SPDX-License-Identifier: Apache-2.0
// A backend, and how long its operations take: the same calls, the same operations.
#pragma once

#include "handler/serving/operation_timer.hpp"
#include "tcmud/block_backend.hpp"

namespace tcmud::serving {

class TimedBackend final : public BlockBackend {
public:
    // Both outlive it.
    TimedBackend(BlockBackend& backend, TurnClock& clock) : backend_(backend), timer_(clock) {}

    // Any thread.
    const Latency& latency(Direction direction) const { return timer_.latency(direction); }

    ByteCount size() const override { return backend_.size(); }
    BlockTraits traits() const override { return backend_.traits(); }
    int file() const override { return backend_.file(); }
    void start(IoQueue& queue) override { backend_.start(queue); }
    void read(ByteOffset at, Buffers into, Completion done) override {
        backend_.read(at, into, timer_.timed(std::move(done), Direction::read));
    }
    void write(ByteOffset at, Buffers from, Stable stable, Completion done) override {
        backend_.write(at, from, stable, timer_.timed(std::move(done), Direction::write));
    }
    void flush(Completion done) override { backend_.flush(timer_.timed(std::move(done), Direction::other)); }
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        backend_.unmap(at, length, timer_.timed(std::move(done), Direction::other));
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool may_unmap, Completion done) override {
        backend_.write_zeroes(at, length, may_unmap, timer_.timed(std::move(done), Direction::other));
    }
    Result<void> resize(ByteCount new_size) override { return backend_.resize(new_size); }
    void submit() override { backend_.submit(); }
    std::optional<int> event_fd() const override { return backend_.event_fd(); }
    void reap() override { backend_.reap(); }
    void abort(IoOperation& operation) override { backend_.abort(operation); }
    std::string_view whereabouts(const IoOperation& operation) const override {
        return backend_.whereabouts(operation);
    }
    Result<std::string> control(std::string_view command) override { return backend_.control(command); }
    void closing() override { backend_.closing(); }

private:
    BlockBackend& backend_;
    OperationTimer timer_;
};

}  // namespace tcmud::serving
