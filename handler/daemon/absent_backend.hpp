// SPDX-License-Identifier: Apache-2.0
// Stands for a backing store that cannot be opened: everything fails, so that initiators need not wait.
#pragma once

#include "tcmud/module.hpp"

namespace tcmud::daemon {

class AbsentBackend final : public BlockBackend {
public:
    explicit AbsentBackend(ByteCount size) : size_(size) {}

    ByteCount size() const override { return size_; }
    BlockTraits traits() const override { return {}; }
    void start(IoQueue& /*queue*/) override {}

    void read(ByteOffset, Buffers, Completion done) override { refuse(std::move(done)); }
    void write(ByteOffset, Buffers, Stable, Completion done) override { refuse(std::move(done)); }
    void flush(Completion done) override { refuse(std::move(done)); }
    void unmap(ByteOffset, ByteCount, Completion done) override { refuse(std::move(done)); }
    void write_zeroes(ByteOffset, ByteCount, bool, Completion done) override { refuse(std::move(done)); }
    Result<void> resize(ByteCount) override { return failure(ENODEV, "its backing store cannot be opened"); }

private:
    static void refuse(Completion done) { std::move(done)({IoStatus::not_ready, 0, 0}); }
    ByteCount size_;
};

// Of a tape drive or a changer nothing is needed for it: no backend at all.
inline OpenedBackend absent_backend(LunKind kind, ByteCount size) {
    switch (kind) {
        case LunKind::disk: break;
        case LunKind::tape: return std::unique_ptr<TapeBackend>();
        case LunKind::changer: return std::unique_ptr<ChangerBackend>();
    }
    return std::make_unique<AbsentBackend>(size);
}

}  // namespace tcmud::daemon
