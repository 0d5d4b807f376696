// SPDX-License-Identifier: Apache-2.0
// A file descriptor of a test's, closed with it. As the first member of a fixture it is closed after all that
// may still write it.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <stdexcept>

namespace tcmud::test {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {
        if (fd < 0) throw std::runtime_error("a file descriptor that could not be had");
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(fd_); }

    // What a serving thread's queue wakes it with.
    static int wake() { return ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

    int get() const { return fd_; }

private:
    int fd_;
};

}  // namespace tcmud::test
