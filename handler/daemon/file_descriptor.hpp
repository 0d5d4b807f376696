// SPDX-License-Identifier: Apache-2.0
// A file descriptor and who closes it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace tcmud::daemon {

class FileDescriptor {
public:
    FileDescriptor() = default;
    // Owns it from here on; a negative one is none.
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~FileDescriptor() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    // Who calls it closes it.
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
    }
    // Of the same open file; none if there is no room for another descriptor.
    FileDescriptor duplicate() const { return FileDescriptor(::fcntl(fd_, F_DUPFD_CLOEXEC, 0)); }

private:
    int fd_ = -1;
};

}  // namespace tcmud::daemon
