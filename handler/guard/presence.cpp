// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/presence.hpp"

#include <fcntl.h>

#include "handler/guard/file.hpp"

namespace tcmud::guard {

namespace {

// As handler/daemon/run_directory.cpp takes them.
constexpr off_t has_the_directory = 0;
constexpr off_t serves = 1;

bool locked(int fd, off_t byte) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace

Presence presence(const std::filesystem::path& run_directory) {
    const File file(::open((run_directory / "lock").c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd() < 0) return Presence::absent;
    if (locked(file.fd(), serves)) return Presence::serving;
    return locked(file.fd(), has_the_directory) ? Presence::starting : Presence::absent;
}

}  // namespace tcmud::guard
