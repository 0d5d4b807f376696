// SPDX-License-Identifier: Apache-2.0
// A tape drive, and how long its operations take: the same calls, the same operations. Unlike those of disks,
// they may be carried out, and answered, inside of their calls.
#pragma once

#include <utility>
#include <vector>

#include "handler/serving/operation_timer.hpp"
#include "tcmud/tape_backend.hpp"

namespace tcmud::serving {

class TimedTape final : public TapeBackend {
public:
    // Both outlive it.
    TimedTape(TapeBackend& backend, TurnClock& clock) : backend_(backend), timer_(clock) {}

    // Any thread.
    const Latency& latency(Direction direction) const { return timer_.latency(direction); }

    std::string_view placement_key() const override { return backend_.placement_key(); }
    std::string_view serial() const override { return backend_.serial(); }
    std::string_view personality() const override { return backend_.personality(); }
    std::string_view maker() const override { return backend_.maker(); }
    std::optional<TapeAutomation> automation() const override { return backend_.automation(); }
    void start(IoQueue& queue, Events events) override { backend_.start(queue, std::move(events)); }
    const TapeMedium* medium() const override { return backend_.medium(); }
    bool occupied() const override { return backend_.occupied(); }
    void prevent_removal(bool prevented) override { backend_.prevent_removal(prevented); }
    TapePosition position() const override { return backend_.position(); }
    bool in_last(ByteCount zone) const override { return backend_.in_last(zone); }
    const std::vector<TapeAttribute>& attributes(std::uint32_t partition) const override {
        return backend_.attributes(partition);
    }
    void set_compression(bool on) override { backend_.set_compression(on); }
    void set_encryption(const TapeEncryption& encryption) override { backend_.set_encryption(encryption); }
    void abort(IoOperation& operation) override { backend_.abort(operation); }
    std::string_view whereabouts(const IoOperation& operation) const override {
        return backend_.whereabouts(operation);
    }
    Result<std::string> control(std::string_view command) override { return backend_.control(command); }

    void load(TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.load(result, std::move(timed)); });
    }
    void unload(TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.unload(result, std::move(timed)); });
    }
    void read(Buffers into, TapeResult& result, Completion done) override {
        timer_.around(Direction::read, std::move(done),
                      [&](Completion timed) { backend_.read(into, result, std::move(timed)); });
    }
    void write(Buffers from, std::uint32_t block_length, TapeResult& result, Completion done) override {
        timer_.around(Direction::write, std::move(done), [&](Completion timed) {
            backend_.write(from, block_length, result, std::move(timed));
        });
    }
    void write_filemarks(std::uint64_t count, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.write_filemarks(count, result, std::move(timed)); });
    }
    void synchronize(TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.synchronize(result, std::move(timed)); });
    }
    void space(TapeSpacing over, std::int64_t count, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.space(over, count, result, std::move(timed)); });
    }
    void space_to_end(TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.space_to_end(result, std::move(timed)); });
    }
    void locate(std::uint32_t partition, std::uint64_t object, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done), [&](Completion timed) {
            backend_.locate(partition, object, result, std::move(timed));
        });
    }
    void locate_file(std::uint32_t partition, std::uint64_t file, TapeResult& result,
                     Completion done) override {
        timer_.around(Direction::other, std::move(done), [&](Completion timed) {
            backend_.locate_file(partition, file, result, std::move(timed));
        });
    }
    void verify(std::uint64_t blocks, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.verify(blocks, result, std::move(timed)); });
    }
    void erase(TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.erase(result, std::move(timed)); });
    }
    void format(std::vector<ByteCount> sizes, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.format(std::move(sizes), result, std::move(timed)); });
    }
    void set_capacity(std::uint16_t part, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.set_capacity(part, result, std::move(timed)); });
    }
    void resume(const TapePosition& position, bool cut, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.resume(position, cut, result, std::move(timed)); });
    }
    void set_attributes(std::uint32_t partition, std::vector<TapeAttribute> attributes, TapeResult& result,
                        Completion done) override {
        timer_.around(Direction::other, std::move(done), [&](Completion timed) {
            backend_.set_attributes(partition, std::move(attributes), result, std::move(timed));
        });
    }
    void look_at_next(TapeNext& next, TapeResult& result, Completion done) override {
        timer_.around(Direction::other, std::move(done),
                      [&](Completion timed) { backend_.look_at_next(next, result, std::move(timed)); });
    }

private:
    TapeBackend& backend_;
    OperationTimer timer_;
};

}  // namespace tcmud::serving
