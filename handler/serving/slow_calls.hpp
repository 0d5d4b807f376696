// SPDX-License-Identifier: Apache-2.0
// Threads for system calls that may take long: stable writes, fdatasync, fallocate. Bounded for each file
// system, so that one that hangs does not take the threads of the others.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "handler/serving/file_systems.hpp"
#include "handler/serving/operation_list.hpp"

namespace tcmud::serving {

class SlowCalls {
public:
    // At a time; a thread is made when it is needed and ends when it was not for a while.
    static constexpr std::size_t calls_per_file_system = 4;
    static constexpr std::size_t most_threads = 64;

    SlowCalls() = default;
    SlowCalls(const SlowCalls&) = delete;
    SlowCalls& operator=(const SlowCalls&) = delete;
    // Waits for what is being executed. REQUIRES: nothing waits.
    ~SlowCalls();

    // Any thread. The operation goes back to its file's queue when the call has returned.
    void start(IoOperation& operation);
    // True: its call had not begun, and never will; it is the caller's again.
    bool cancel(const IoOperation& operation);
    // Whoever gave an operation back before this call has nothing to do with its queue any more.
    void settle() const;
    // Which thread is in the operation's call; 0: it waits for one.
    pid_t thread_of(const IoOperation& operation) const;

    std::size_t threads() const;

private:
    struct Line {
        std::size_t running = 0;
        std::size_t queued = 0;
        OperationList waiting;
        // How many of those that wait may run now.
        std::size_t startable() const { return std::min(queued, calls_per_file_system - running); }
    };
    // The lock is held.
    IoOperation* next();
    bool too_few_threads() const;

    void work();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<FileSystem*, Line> lines_;
    std::vector<std::pair<const IoOperation*, pid_t>> calls_;
    std::size_t threads_ = 0;
    std::size_t running_ = 0;
    bool stopping_ = false;
};

}  // namespace tcmud::serving
