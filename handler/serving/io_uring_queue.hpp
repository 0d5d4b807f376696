// SPDX-License-Identifier: Apache-2.0
// The I/O of one serving thread: queued by backends, executed once per turn.
//
// How an operation is executed is decided here, per file:
// - files in memory (tmpfs, ramfs) have nothing to wait for: a plain call;
// - a lone read of a cached file: preadv2(RWF_NOWAIT), which the kernel ends at once, with data or without;
// - everything else: io_uring, all operations of a turn in one system call.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "handler/serving/operation_list.hpp"
#include "tcmud/io.hpp"

namespace tcmud::serving {

class IoUringQueue final : public IoQueue {
public:
    // wake_fd: an eventfd that is written when post() has something for a sleeping thread; not owned.
    explicit IoUringQueue(int wake_fd);
    // REQUIRES: nothing is in flight.
    ~IoUringQueue() override;

    void read(IoFile& file, ByteOffset at, Buffers into, Completion done) override;
    void write(IoFile& file, ByteOffset at, Buffers from, Stable stable, Completion done) override;
    void sync(IoFile& file, Completion done) override;
    void allocate(IoFile& file, int mode, ByteOffset at, ByteCount length, Completion done) override;
    void post(Completion done, IoResult result) override;

    // Readable when reap() has something to do; -1 if this machine has no io_uring and calls are made
    // plainly.
    int fd() const { return ring_ready_ ? ring_.ring_fd : -1; }

    // Executes what was queued. Nothing is delivered inside.
    void submit();
    // Collects what has ended, here and on other threads.
    void reap();
    // Delivers what was collected; what that queues is executed by the next submit(). True: anything was
    // delivered.
    bool deliver();

    // Whether something can be done without waiting: queued, or ended and not delivered.
    bool has_work() const { return !queued_.empty() || !ended_.empty(); }
    bool idle() const { return queued_.empty() && ended_.empty() && in_flight_ == 0; }

private:
    static constexpr unsigned submission_entries = 256;
    static constexpr unsigned completion_entries = 4096;

    void queue(IoOperation& operation, IoOperation::Kind kind, IoFile& file);
    bool try_without_waiting(IoOperation& operation);
    void call(IoOperation& operation);
    bool prepare(IoOperation& operation);
    void ended(IoOperation& operation, long result);
    void finish(IoOperation& operation, IoStatus status);
    void continue_behind(IoOperation& operation);

    int wake_fd_;
    io_uring ring_{};
    bool ring_ready_ = false;
    std::size_t in_flight_ = 0;
    OperationList queued_;
    OperationList ended_;
    PostedOperations posted_;
    // Of operations that were done in part: what is left of their buffers.
    std::unordered_map<IoOperation*, std::vector<iovec>> remainders_;
};

// By the file system's type and the descriptor's flags.
IoFile::Execution execution_of(int fd);

}  // namespace tcmud::serving
