// SPDX-License-Identifier: Apache-2.0
// A backend, and how long its operations take: the same calls, the same operations, with a look at the
// thread's clock where one begins and where it ends.
#pragma once

#include <array>

#include "handler/serving/command_group.hpp"
#include "handler/serving/latency.hpp"
#include "handler/serving/turn_clock.hpp"
#include "tcmud/block_backend.hpp"

namespace tcmud::serving {

class TimedBackend final : public BlockBackend {
public:
    // Both outlive it.
    TimedBackend(BlockBackend& backend, TurnClock& clock) : backend_(backend), clock_(clock) {}

    // Any thread.
    const Latency& latency(Direction direction) const {
        return latencies_[static_cast<std::size_t>(direction)];
    }

    ByteCount size() const override { return backend_.size(); }
    BlockTraits traits() const override { return backend_.traits(); }
    int file() const override { return backend_.file(); }
    void start(IoQueue& queue) override { backend_.start(queue); }
    void read(ByteOffset at, Buffers into, Completion done) override {
        backend_.read(at, into, timed(std::move(done), Direction::read));
    }
    void write(ByteOffset at, Buffers from, Stable stable, Completion done) override {
        backend_.write(at, from, stable, timed(std::move(done), Direction::write));
    }
    void flush(Completion done) override { backend_.flush(timed(std::move(done), Direction::other)); }
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        backend_.unmap(at, length, timed(std::move(done), Direction::other));
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool may_unmap, Completion done) override {
        backend_.write_zeroes(at, length, may_unmap, timed(std::move(done), Direction::other));
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
    // The operation stays its waiter's, who is answered as if nobody had been in between.
    Completion timed(Completion done, Direction direction) {
        auto& operation = done.target();
        operation.measured = {operation.deliver, this, static_cast<unsigned>(direction), clock_.now()};
        operation.deliver = &TimedBackend::ended;
        return done;
    }
    static void ended(IoOperation& operation, const IoResult& result) {
        const auto& measured = operation.measured;
        auto& self = *static_cast<TimedBackend*>(measured.by);
        self.latencies_[measured.as].record(self.clock_.now() - measured.since);
        operation.deliver = measured.deliver;
        operation.deliver(operation, result);
    }

    BlockBackend& backend_;
    TurnClock& clock_;
    std::array<Latency, direction_names.size()> latencies_;
};

}  // namespace tcmud::serving
