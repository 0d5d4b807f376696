// SPDX-License-Identifier: Apache-2.0
// The I/O of a serving thread whose files have no non-blocking writes (ext4, block devices), or need none
// (tmpfs): calls are made by the loop itself, one after another.
//
// - A read is preadv2(RWF_NOWAIT); many go through a ring in one system call, with the same flag, and
// end inside of
//   it. What would have to wait is read by the process's WaitingReader.
// - Plain writes are made inline: into the page cache, which is quick unless the file system is frozen,
// throttled or dead.
//   Then the loop changes hands: Carriers gives it to another thread.
// - Writes that must be stable, fdatasync and fallocate go to SlowCalls.
// Nothing is in flight in this thread from one turn to the next, so another thread can go on at any call.
#pragma once

#include <liburing.h>

#include <atomic>

#include "handler/serving/loop_queue.hpp"
#include "handler/serving/ownership.hpp"

namespace tcmud::serving {

struct Shared;

class InlineQueue final : public LoopQueue {
public:
    InlineQueue(int wake_fd, Shared& shared);
    // REQUIRES: idle.
    ~InlineQueue() override;

    bool submit() override;

    // For whoever watches over the loop.
    Ownership& ownership() { return ownership_; }
    // What the call that the owner is inside of is made on.
    FileSystem* called() const { return called_.load(std::memory_order_acquire); }

private:
    static constexpr unsigned reads_at_once = 64;
    // Operations in a turn from which on the ring costs less than a call for each.
    static constexpr unsigned worth_a_ring = 6;

    void prepare_file(IoFile& file) override;
    bool take_back(const IoOperation& operation) override;
    void wait_for(IoOperation& operation);
    void queue_again_what_was_stuck();
    bool make_call(IoOperation& operation);
    void read_one(IoOperation& operation);
    bool prepare_read(IoOperation& operation);
    void read_prepared();
    void read_ended(IoOperation& operation, long result);

    Shared& shared_;
    Ownership ownership_;
    std::atomic<FileSystem*> called_{nullptr};
    io_uring ring_{};
    bool ring_ready_ = false;
    unsigned prepared_ = 0;
    OperationList parked_;  // On file systems that are stuck.
};

}  // namespace tcmud::serving
