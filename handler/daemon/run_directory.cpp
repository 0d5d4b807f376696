// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/run_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace tcmud::daemon {

namespace {

// tcmud-guard asks for these.
constexpr off_t has_the_directory = 0;
constexpr off_t serves = 1;

// Of the open file, not of the process: it ends with the last descriptor of it.
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
    const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return failure(errno, fmt::format("cannot open {}: {}", lock_path.string(), std::strerror(errno)));
    RunDirectory directory(path, lock);
    if (!lock_byte(lock, has_the_directory)) {
        return failure(
            EEXIST, fmt::format("another tcmud has the run directory {}: stop it, or give this one --run-dir",
                                path.string()));
    }
    return directory;
}

Result<void> RunDirectory::serving() {
    if (lock_byte(lock_, serves)) return {};
    return failure(errno, fmt::format("cannot lock {}: {}", (path_ / "lock").string(), std::strerror(errno)));
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RunDirectory::~RunDirectory() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace tcmud::daemon
