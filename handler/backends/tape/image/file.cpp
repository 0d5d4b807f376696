// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

namespace tcmud::tape {

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

tl::unexpected<Error> system_failure(const std::string& what) {
    const int number = errno;
    return failure(number, fmt::format("{}: {}", what, std::strerror(number)));
}

Result<File> open_file(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return system_failure(path);
    return File(fd);
}

Result<std::size_t> read_at(const File& file, std::uint64_t at, std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const auto got =
            ::pread(file.fd(), into.data() + done, into.size() - done, static_cast<off_t>(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure("cannot read");
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<void> write_at(const File& file, std::uint64_t at, std::span<const std::byte> from) {
    const iovec piece{const_cast<std::byte*>(from.data()), from.size()};
    return write_at(file, at, Buffers(&piece, 1));
}

Result<void> write_at(const File& file, std::uint64_t at, Buffers from) {
    const auto whole = raw(total(from));
    for (std::uint64_t done = 0; done < whole;) {
        // What is left of it, the first time all.
        std::vector<iovec> rest;
        if (done != 0) rest = slice(from, ByteCount{done}, ByteCount{whole - done});
        const auto pieces = done == 0 ? from : Buffers(rest);
        const auto count = static_cast<int>(std::min<std::size_t>(pieces.size(), IOV_MAX));
        const auto put = ::pwritev(file.fd(), pieces.data(), count, static_cast<off_t>(at + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return system_failure("cannot write");
        if (put == 0) return failure(EIO, "cannot write: nothing was written");
        done += static_cast<std::uint64_t>(put);
    }
    return {};
}

Result<std::uint64_t> size_of(const File& file) {
    struct stat status {};
    if (::fstat(file.fd(), &status) != 0) return system_failure("cannot read its size");
    return static_cast<std::uint64_t>(status.st_size);
}

Result<void> set_size(const File& file, std::uint64_t size) {
    if (::ftruncate(file.fd(), static_cast<off_t>(size)) != 0) return system_failure("cannot cut");
    return {};
}

bool lies_in_memory(const std::string& path) {
    struct statfs status {};
    return ::statfs(path.c_str(), &status) == 0 &&
           (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

Result<void> synchronize(const File& file) {
    if (::fdatasync(file.fd()) != 0) return system_failure("cannot synchronize");
    return {};
}

Result<void> synchronize_directory(const std::string& path) {
    const auto directory = open_file(path, O_RDONLY | O_DIRECTORY);
    if (!directory) return tl::unexpected(directory.error());
    if (::fsync(directory->fd()) != 0) return system_failure(path);
    return {};
}

Result<void> synchronize_name(const std::string& path) {
    auto name = std::filesystem::path(path).lexically_normal();
    if (!name.has_filename()) name = name.parent_path();  // It ends with a slash.
    const auto parent = name.parent_path().string();
    return synchronize_directory(parent.empty() ? "." : parent);
}

Result<std::string> text_of(const std::string& path, std::size_t limit) {
    const auto file = open_file(path, O_RDONLY);
    if (!file) return tl::unexpected(file.error());
    const auto size = size_of(*file);
    if (!size) return tl::unexpected(size.error());
    std::string text(std::min<std::size_t>(*size, limit), '\0');
    const auto got = read_at(*file, 0, std::as_writable_bytes(std::span(text)));
    if (!got) return tl::unexpected(got.error());
    text.resize(*got);
    return text;
}

}  // namespace tcmud::tape
