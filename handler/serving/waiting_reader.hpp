// SPDX-License-Identifier: Apache-2.0
// The thread of the process that waits for reads which the page cache could not answer at once, all at the
// same time.
#pragma once

#include <liburing.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <thread>

#include "handler/serving/operation_list.hpp"

namespace tcmud::serving {

class WaitingReader {
public:
    WaitingReader() = default;
    WaitingReader(const WaitingReader&) = delete;
    WaitingReader& operator=(const WaitingReader&) = delete;
    // REQUIRES: nothing waits.
    ~WaitingReader();

    // Any thread. The operation goes back to its file's queue when the read has ended.
    void start(IoOperation& operation);

private:
    static constexpr unsigned entries = 1024;
    // Kernel threads that reads may occupy which have no asynchronous form.
    static constexpr unsigned most_workers = 32;

    void begin();
    void run();
    void submit();
    void collect();

    std::once_flag begun_;
    PostedOperations posted_;
    OperationList queued_;
    int wake_ = -1;
    io_uring ring_{};
    bool ring_ready_ = false;
    std::size_t in_flight_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace tcmud::serving
