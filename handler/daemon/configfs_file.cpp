// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/configfs_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "handler/daemon/file_descriptor.hpp"
#include "handler/daemon/text_file.hpp"

namespace tcmud::daemon {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> system_failure(const ConfigfsPath& path, std::string_view what) {
    const int number = errno;
    return failure(number, fmt::format("{}: {}: {}", path.path().string(), what, std::strerror(number)));
}

// A name that is in the cache can be missed when the kernel changes its tables just then. Without a pause:
// what is gone is asked for by the hundred where many LUNs are removed.
constexpr int tries = 10;

// `below` the path's root. No descriptor: errno says why.
FileDescriptor open_directory(const ConfigfsPath& path, const fs::path& below) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    const auto flags = static_cast<int>(how.flags);
    // sysfs, which is above it, is never looked up in the cache alone.
    FileDescriptor root(::open(path.root().c_str(), flags));
    if (!root || below.empty()) return root;
    how.resolve = RESOLVE_CACHED;
    for (int tried = 0; tried < tries; ++tried) {
        const auto fd = ::syscall(SYS_openat2, root.get(), below.c_str(), &how, sizeof how);
        if (fd >= 0) return FileDescriptor(static_cast<int>(fd));
        if (errno == ENOSYS || errno == EINVAL)
            return FileDescriptor(::openat(root.get(), below.c_str(), flags));
        if (errno != EAGAIN) return FileDescriptor();
    }
    errno = ENOENT;
    return FileDescriptor();
}

FileDescriptor open_parent(const ConfigfsPath& path) {
    return open_directory(path, path.below().parent_path());
}

}  // namespace

Result<std::string> read_attribute(const ConfigfsPath& path) {
    const auto directory = open_parent(path);
    if (!directory) return system_failure(path, "cannot read");
    return read_text_file(path.path(), directory.get());
}

Result<void> write_attribute(const ConfigfsPath& path, std::string_view text) {
    const auto directory = open_parent(path);
    const FileDescriptor file(
        directory ? ::openat(directory.get(), path.name().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC) : -1);
    // At once: an attribute takes its text in one piece.
    if (file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
    return system_failure(path, fmt::format("cannot write '{}'", text));
}

bool has_attribute(const ConfigfsPath& path) {
    const auto directory = open_parent(path);
    return directory && ::faccessat(directory.get(), path.name().c_str(), F_OK, 0) == 0;
}

std::vector<ConfigfsPath> subdirectories(const ConfigfsPath& path) {
    std::vector<ConfigfsPath> found;
    const auto directory = open_directory(path, path.below());
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
