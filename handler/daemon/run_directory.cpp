// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/run_directory.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

namespace tcmud::daemon {

namespace {

constexpr off_t present = 0;
constexpr off_t serves = 1;

bool lock_byte(int fd, off_t byte) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

Result<RunDirectory> RunDirectory::take(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path / "journal", error);
    if (error)
        return failure(error.value(),
                       fmt::format("cannot make the run directory {}: {}", path.string(), error.message()));
    const auto lock_path = path / "lock";
    FileDescriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock)
        return failure(errno, fmt::format("cannot open {}: {}", lock_path.string(), std::strerror(errno)));
    if (!lock_byte(lock.get(), present)) {
        return failure(EEXIST,
                       fmt::format("another tcmud has the run directory {}: stop it, take over from it with "
                                   "--takeover, or give this one --run-dir",
                                   path.string()));
    }
    return RunDirectory(path, std::move(lock));
}

Result<void> RunDirectory::serving() const {
    if (lock_byte(lock_.get(), serves)) return {};
    return failure(errno, fmt::format("cannot lock {}: {}; tcmud-guard does not see that tcmud serves",
                                      (path_ / "lock").string(), std::strerror(errno)));
}

}  // namespace tcmud::daemon
