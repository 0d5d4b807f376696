// SPDX-License-Identifier: Apache-2.0
// The I/O of a serving thread whose files all have asynchronous reads and writes: direct I/O, and buffered
// I/O on the file systems that can refuse to wait (xfs, btrfs). All operations of a turn go to the kernel in
// one system call.
#pragma once

#include <liburing.h>

#include <cstddef>

#include "handler/serving/loop_queue.hpp"

namespace tcmud::serving {

struct Shared;

class IoUringQueue final : public LoopQueue {
public:
    // Throws std::system_error where the machine has no io_uring.
    IoUringQueue(int wake_fd, Shared& shared);
    // REQUIRES: nothing is in flight.
    ~IoUringQueue() override;

    static bool available();

    int fd() const override { return ring_.ring_fd; }
    bool submit() override;
    void reap() override;

private:
    static constexpr unsigned submission_entries = 256;
    static constexpr unsigned completion_entries = 4096;
    // Kernel threads for what has no asynchronous form on a file system.
    static constexpr unsigned most_workers = 32;

    void prepare_file(IoFile&) override {}
    bool prepare(IoOperation& operation);

    io_uring ring_{};
    std::size_t in_flight_ = 0;
};

}  // namespace tcmud::serving
