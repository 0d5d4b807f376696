// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/configfs_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "handler/daemon/file_descriptor.hpp"
#include "handler/daemon/text_file.hpp"

namespace tcmud::daemon {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> system_failure(const fs::path& path, std::string_view what) {
    const int number = errno;
    return failure(number, fmt::format("{}: {}: {}", path.string(), what, std::strerror(number)));
}

// A name that is in the cache can be missed when the kernel changes its tables just then.
constexpr int tries = 5;
constexpr std::chrono::milliseconds between_tries{1};

// The directory that something is in. No descriptor: errno says why.
FileDescriptor open_directory(const fs::path& path) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_CACHED;
    for (int tried = 0; tried < tries; ++tried) {
        const auto fd = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
        if (fd >= 0) return FileDescriptor(static_cast<int>(fd));
        if (errno == ENOSYS || errno == EINVAL)
            return FileDescriptor(::open(path.c_str(), static_cast<int>(how.flags)));
        if (errno != EAGAIN) return FileDescriptor();
        std::this_thread::sleep_for(between_tries);
    }
    errno = ENOENT;
    return FileDescriptor();
}

}  // namespace

Result<std::string> read_attribute(const fs::path& path) {
    const auto directory = open_directory(path.parent_path());
    if (!directory) return system_failure(path, "cannot read");
    return read_text_file(path, directory.get());
}

Result<void> write_attribute(const fs::path& path, std::string_view text) {
    const auto directory = open_directory(path.parent_path());
    const FileDescriptor file(
        directory ? ::openat(directory.get(), path.filename().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC) : -1);
    // At once: an attribute takes its text in one piece.
    if (file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
    return system_failure(path, fmt::format("cannot write '{}'", text));
}

bool has_attribute(const fs::path& path) {
    const auto directory = open_directory(path.parent_path());
    return directory && ::faccessat(directory.get(), path.filename().c_str(), F_OK, 0) == 0;
}

std::vector<fs::path> subdirectories(const fs::path& path) {
    std::vector<fs::path> found;
    const auto directory = open_directory(path);
    if (!directory) return found;
    std::error_code error;
    // Reached by its descriptor, so that nothing is looked up again.
    for (const auto& entry :
         fs::directory_iterator(fmt::format("/proc/thread-self/fd/{}", directory.get()), error)) {
        if (entry.is_directory(error)) found.push_back(path / entry.path().filename());
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace tcmud::daemon
