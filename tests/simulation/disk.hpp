// SPDX-License-Identifier: Apache-2.0
// The backing store of a simulated LUN: what it was asked waits until the simulation ends it.
#pragma once

#include <cstring>
#include <utility>
#include <vector>

#include "tcmud/block_backend.hpp"

namespace tcmud::simulation {

class PendingDisk final : public BlockBackend {
public:
    // The medium is the caller's: it outlives the process that is simulated.
    explicit PendingDisk(std::span<std::byte> medium) : medium_(medium) {}

    ByteCount size() const override { return ByteCount{medium_.size()}; }
    BlockTraits traits() const override { return {}; }
    void start(IoQueue&) override {}
    void read(ByteOffset at, Buffers into, Completion done) override {
        add(false, at, into, std::move(done));
    }
    void write(ByteOffset at, Buffers from, Stable, Completion done) override {
        add(true, at, from, std::move(done));
    }
    void flush(Completion done) override { std::move(done)({}); }
    void unmap(ByteOffset, ByteCount, Completion done) override { std::move(done)({}); }
    void write_zeroes(ByteOffset, ByteCount, bool, Completion done) override { std::move(done)({}); }
    Result<void> resize(ByteCount) override { return {}; }

    std::size_t pending() const { return pending_.size(); }
    // Carries the operation out and answers it.
    void end(std::size_t which) {
        auto operation = std::move(pending_[which]);
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
        const auto length = total(operation.buffers);
        move(operation, raw(length), medium_);
        std::move(operation.done)({IoStatus::ok, raw(length), 0});
    }
    // Answers a write as if it had been carried out, which it is by carry_out_late().
    void end_too_early(std::size_t which) {
        if (!pending_[which].is_write) return end(which);
        const auto& operation = pending_[which];
        late_at_ = operation.at;
        late_.resize(raw(total(operation.buffers)));
        copy_from(operation.buffers, ByteCount{0}, late_);
        auto done = std::move(pending_[which].done);
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
        std::move(done)({IoStatus::ok, late_.size(), 0});
    }
    void carry_out_late() {
        std::ranges::copy(late_, medium_.begin() + static_cast<std::ptrdiff_t>(late_at_));
        late_.clear();
    }
    // What a write has done to the medium when its process was killed: its first `bytes`.
    void apply_part(std::size_t which, std::size_t bytes, std::span<std::byte> medium) {
        if (pending_[which].is_write) move(pending_[which], bytes, medium);
    }

private:
    struct Operation {
        bool is_write;
        std::size_t at;
        std::vector<iovec> buffers;
        Completion done;
    };

    void add(bool is_write, ByteOffset at, Buffers buffers, Completion done) {
        pending_.push_back(
            {is_write, static_cast<std::size_t>(raw(at)), {buffers.begin(), buffers.end()}, std::move(done)});
    }
    static void move(const Operation& operation, std::size_t bytes, std::span<std::byte> medium) {
        const auto part =
            medium.subspan(operation.at, std::min<std::size_t>(bytes, raw(total(operation.buffers))));
        if (operation.is_write) {
            copy_from(operation.buffers, ByteCount{0}, part);
        } else {
            copy_to(operation.buffers, ByteCount{0}, part);
        }
    }

    std::span<std::byte> medium_;
    std::vector<Operation> pending_;
    std::vector<std::byte> late_;
    std::size_t late_at_ = 0;
};

}  // namespace tcmud::simulation
