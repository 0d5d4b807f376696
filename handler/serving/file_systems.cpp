// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/file_systems.hpp"

#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>

namespace tcmud::serving {

void FileSystem::unstick() {
    if (stuck_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    const std::lock_guard lock(mutex_);
    for (const int fd : watching_) ::eventfd_write(fd, 1);
}

void FileSystem::watch(int wake_fd) {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(watching_, wake_fd) == watching_.end()) watching_.push_back(wake_fd);
}

void FileSystem::unwatch(int wake_fd) {
    const std::lock_guard lock(mutex_);
    std::erase(watching_, wake_fd);
}

FileSystem& FileSystems::of(int fd) {
    struct stat status {};
    // What cannot be asked shares a place with all others like it.
    if (::fstat(fd, &status) != 0) status = {};
    const std::lock_guard lock(mutex_);
    return all_[S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev];
}

void FileSystems::unwatch(int wake_fd) {
    const std::lock_guard lock(mutex_);
    for (auto& [device, file_system] : all_) file_system.unwatch(wake_fd);
}

}  // namespace tcmud::serving
