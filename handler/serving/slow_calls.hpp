// SPDX-License-Identifier: Apache-2.0
// Threads for system calls that may take long: stable writes, fdatasync, fallocate. Bounded for each file
// system, so that one that hangs does not take the threads of the others.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <thread>

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

    std::size_t threads() const;

private:
    struct Line {
        std::size_t running = 0;
        OperationList waiting;
    };
    // The lock is held, by all of these.
    IoOperation* next();
    void work();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<FileSystem*, Line> lines_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
    bool stopping_ = false;
};

}  // namespace tcmud::serving
