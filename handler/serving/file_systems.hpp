// SPDX-License-Identifier: Apache-2.0
// The file systems and block devices that backing files lie on, and whether one of them holds a thread of
// ours.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

namespace tcmud::serving {

// Any thread. While a call on it is stuck, no further one is made: they wait in the queues of their LUNs, so
// that a file system which is frozen, throttled or dead costs one thread and not all.
class FileSystem {
public:
    bool stuck() const { return stuck_.load(std::memory_order_acquire) > 0; }
    // A call on it holds its thread. May come after the unstick() of the same call.
    void stick() { stuck_.fetch_add(1, std::memory_order_acq_rel); }
    void unstick();

    // Eventfds that are written when it is not stuck any more.
    void watch(int wake_fd);
    void unwatch(int wake_fd);

private:
    std::atomic<int> stuck_{0};
    std::mutex mutex_;
    std::vector<int> watching_;  // Guarded by mutex_.
};

class FileSystems {
public:
    // Of an open file; a block device is its own. Never goes away.
    FileSystem& of(int fd);
    // A queue that ends waits for none any more.
    void unwatch(int wake_fd);

private:
    std::mutex mutex_;
    std::map<dev_t, FileSystem> all_;  // Guarded by mutex_; its nodes stay where they are.
};

}  // namespace tcmud::serving
