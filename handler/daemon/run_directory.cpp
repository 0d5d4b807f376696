// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace tcmud::daemon {

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
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return failure(
            EEXIST, fmt::format("another tcmud has the run directory {}: stop it, or give this one --run-dir",
                                path.string()));
    }
    return directory;
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RunDirectory::~RunDirectory() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace tcmud::daemon
