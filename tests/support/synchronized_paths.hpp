// SPDX-License-Identifier: Apache-2.0
// Which files and directories a program has called fsync() of: no file system that tests run on loses the
// names that nobody has synchronized. To be included by one file of a program, whose fsync() it replaces.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tcmud::test {

class SynchronizedPaths {
public:
    void add(std::filesystem::path path) {
        const std::lock_guard guard(mutex_);
        paths_.push_back(std::move(path));
    }
    void clear() {
        const std::lock_guard guard(mutex_);
        paths_.clear();
    }
    bool empty() const { return paths_.empty(); }
    bool has(const std::filesystem::path& path) const {
        return std::ranges::count(paths_, std::filesystem::canonical(path)) != 0;
    }

private:
    std::mutex mutex_;
    std::vector<std::filesystem::path> paths_;
};

inline SynchronizedPaths& synchronized_paths() {
    static SynchronizedPaths paths;
    return paths;
}

}  // namespace tcmud::test

extern "C" int fsync(int fd) {
    tcmud::test::synchronized_paths().add(
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)));
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
