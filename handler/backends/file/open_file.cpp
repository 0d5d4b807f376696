// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/file/open_file.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace tcmud::file {

namespace {

// A predecessor's last I/O may hold the lock for a moment after its process is gone.
constexpr auto lock_patience = std::chrono::milliseconds(1000);
constexpr auto lock_interval = std::chrono::milliseconds(20);

tl::unexpected<Error> system_failure(const std::string& path, std::string_view what) {
    const int number = errno;
    return failure(number, fmt::format("{}: {}: {}", path, what, std::strerror(number)));
}

// What the kernel says of the block device under a file, e.g. queue("8:1", "rotational").
std::optional<std::uint64_t> queue_limit(dev_t device, std::string_view name) {
    const auto directory =
        std::filesystem::path(fmt::format("/sys/dev/block/{}:{}", major(device), minor(device)));
    // A partition has its queue one level above.
    for (const auto& place : {directory / "queue", directory / ".." / "queue"}) {
        std::ifstream file(place / name);
        std::uint64_t value = 0;
        if (file >> value) return value;
    }
    return std::nullopt;
}

bool has_qcow_magic(int fd) {
    std::array<char, 4> start{};
    return ::pread(fd, start.data(), start.size(), 0) == static_cast<ssize_t>(start.size()) &&
           std::memcmp(start.data(), "QFI\xfb", start.size()) == 0;
}

// Whether the file system can zero a range in place, tried on a file that nobody sees.
bool can_zero_ranges(const std::string& path) {
    const auto directory = std::filesystem::path(path).parent_path();
    const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    const bool can = ::fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
    ::close(fd);
    return can;
}

Result<void> check_missing(const OpenRequest& request) {
    const auto directory = std::filesystem::path(request.path).parent_path();
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
        return system_failure(directory.string(), "cannot create files");
    return {};
}

// O_EXCL of a block device is the kernel's own lock: a flock would keep udev from looking at it.
Result<int> open_path(const OpenRequest& request, bool& created, bool& block_device) {
    const bool read_only = request.options.flag("readonly", false);
    int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    if (request.options.flag("direct", false)) flags |= O_DIRECT;
    struct stat status {};
    if (::stat(request.path.c_str(), &status) != 0) {
        if (errno != ENOENT || !request.options.flag("create", false)) {
            return system_failure(request.path, errno == ENOENT
                                                    ? "cannot open (create=on makes a missing file)"
                                                    : "cannot open");
        }
        created = true;
        flags |= O_CREAT | O_EXCL;
    } else if (S_ISBLK(status.st_mode)) {
        block_device = true;
        flags |= O_EXCL;
    } else if (!S_ISREG(status.st_mode)) {
        return failure(EINVAL,
                       fmt::format("{}: is {}; a LUN needs a regular file or a block device", request.path,
                                   S_ISDIR(status.st_mode) ? "a directory" : "no file"));
    }
    const int fd = ::open(request.path.c_str(), flags, 0600);
    if (fd >= 0) {
        // Where it is allowed: when a disk was read last is no news of its file, and costs each read.
        ::fcntl(fd, F_SETFL, flags | O_NOATIME);
        return fd;
    }
    if (errno == EINVAL && (flags & O_DIRECT) != 0) {
        if (created) ::unlink(request.path.c_str());
        return failure(EINVAL, fmt::format("{}: its file system cannot do direct I/O; leave direct=on out",
                                           request.path));
    }
    if (errno == EBUSY) {
        return failure(EBUSY, fmt::format("{}: the block device is in use (mounted, or open exclusively)",
                                          request.path));
    }
    return system_failure(request.path, "cannot open");
}

}  // namespace

Result<OpenFile> OpenFile::open(const OpenRequest& request, bool dry_run) {
    if (!request.path.starts_with('/')) {
        return failure(EINVAL, fmt::format("'{}' is no absolute path: write {}//path/of/file", request.path,
                                           request.subtype));
    }
    const bool missing = ::access(request.path.c_str(), F_OK) != 0 && errno == ENOENT;
    if (dry_run && missing && request.options.flag("create", false)) {
        if (auto possible = check_missing(request); !possible) return tl::unexpected(possible.error());
        return OpenFile(-1, request.path);
    }
    bool created = false;
    bool block_device = false;
    const auto fd = open_path(request, created, block_device);
    if (!fd) return tl::unexpected(fd.error());
    OpenFile file(*fd, request.path);
    file.block_device_ = block_device;
    auto ready = file.prepare(request, created, dry_run);
    if (!ready) {
        if (created) ::unlink(request.path.c_str());
        return tl::unexpected(ready.error());
    }
    return file;
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      block_device_(other.block_device_),
      traits_(other.traits_),
      unmap_mode_(other.unmap_mode_),
      zero_mode_(other.zero_mode_) {}

OpenFile::~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> OpenFile::lock(bool read_only) const {
    const auto deadline = std::chrono::steady_clock::now() + lock_patience;
    while (::flock(fd_, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_failure(path_, "cannot lock");
        if (std::chrono::steady_clock::now() >= deadline) {
            return failure(
                EBUSY,
                fmt::format("{}: is in use: another process holds its lock (lslocks shows which)", path_));
        }
        std::this_thread::sleep_for(lock_interval);
    }
    return {};
}

Result<void> OpenFile::prepare(const OpenRequest& request, bool created, bool dry_run) {
    const bool read_only = request.options.flag("readonly", false);
    if (!block_device_) {
        if (auto locked = lock(read_only); !locked) return locked;
    }
    if (request.subtype == "qcow" && has_qcow_magic(fd_)) {
        return failure(EMEDIUMTYPE,
                       fmt::format("{}: is a qcow image; tcmud serves raw images only: convert it with "
                                   "qemu-img convert -O raw",
                                   path_));
    }
    if (created && ::ftruncate(fd_, static_cast<off_t>(raw(request.size))) != 0) {
        return system_failure(path_, "cannot set its size");
    }
    const bool allocate = request.options.flag("prealloc", false) && !block_device_ && !read_only && !dry_run;
    if (allocate && raw(request.size) != 0 &&
        ::fallocate(fd_, 0, 0, static_cast<off_t>(raw(request.size))) != 0) {
        return system_failure(path_, "prealloc=on: cannot allocate all of it");
    }
    const auto size = current_size();
    if (!size) return tl::unexpected(size.error());
    // A check may not know the LUN's size; none is that small.
    if (dry_run && raw(request.size) == 0 && raw(*size) == 0)
        return failure(EINVAL, fmt::format("{}: is empty: truncate -s makes it as large as the LUN", path_));
    if (*size < request.size) {
        return failure(
            ENOSPC, fmt::format("{}: has {} bytes, the LUN needs {}{}", path_, raw(*size), raw(request.size),
                                block_device_ ? ""
                                              : fmt::format(": truncate -s {} makes it large enough",
                                                            raw(request.size))));
    }
    if (auto aligned = check_direct(request); !aligned) return aligned;
    find_traits(request);
    return {};
}

Result<ByteCount> OpenFile::current_size() const {
    if (block_device_) {
        std::uint64_t bytes = 0;
        if (::ioctl(fd_, BLKGETSIZE64, &bytes) != 0) return system_failure(path_, "cannot read its size");
        return ByteCount{bytes};
    }
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return system_failure(path_, "cannot read its size");
    return ByteCount{static_cast<std::uint64_t>(status.st_size)};
}

// Direct I/O works in the device's own blocks; one read of one of ours tells whether they are small enough.
Result<void> OpenFile::check_direct(const OpenRequest& request) const {
    if (!request.options.flag("direct", false) || raw(request.size) == 0) return {};
    constexpr std::size_t alignment = 4096;
    const auto length = std::max<std::size_t>(request.block_size.bytes, alignment);
    const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(alignment, length),
                                                             &std::free);
    if (::pread(fd_, memory.get(), request.block_size.bytes, 0) < 0 && errno == EINVAL) {
        return failure(EINVAL,
                       fmt::format("{}: direct I/O needs larger blocks than {} bytes: create the LUN with "
                                   "hw_block_size=4096, or leave direct=on out",
                                   path_, request.block_size.bytes));
    }
    return {};
}

void OpenFile::find_traits(const OpenRequest& request) {
    traits_.read_only = request.options.flag("readonly", false);
    if (block_device_) {
        find_device_traits();
    } else {
        find_file_traits(request.options.flag("prealloc", false));
    }
    if (traits_.read_only) traits_.unmap = traits_.write_zeroes = false;
}

void OpenFile::find_file_traits(bool preallocated) {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return;
    const auto block =
        std::bit_floor(static_cast<std::uint64_t>(std::clamp<blksize_t>(status.st_blksize, 512, 65536)));
    traits_.physical_block = ByteCount{std::min<std::uint64_t>(block, 4096)};
    traits_.rotational = queue_limit(status.st_dev, "rotational").value_or(0) != 0;

    const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    // Behind the end there is nothing to lose.
    const bool can_punch =
        !traits_.read_only && ::fallocate(fd_, punch, (status.st_size + 4095) / 4096 * 4096, 4096) == 0;
    const bool can_zero = !traits_.read_only && can_zero_ranges(path_);
    // A file that was allocated in full is to stay so.
    if (can_punch && !preallocated) {
        traits_.unmap = traits_.unmap_reads_zero = true;
        traits_.unmap_granularity = ByteCount{block};
        unmap_mode_ = punch;
    }
    zero_mode_ = can_zero ? FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE : unmap_mode_;
    traits_.write_zeroes = zero_mode_ != 0;
}

void OpenFile::find_device_traits() {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return;
    unsigned physical = 512;
    if (::ioctl(fd_, BLKPBSZGET, &physical) == 0) traits_.physical_block = ByteCount{physical};
    traits_.rotational = queue_limit(status.st_rdev, "rotational").value_or(0) != 0;
    traits_.optimal_transfer = ByteCount{queue_limit(status.st_rdev, "optimal_io_size").value_or(0)};
    const auto granularity = queue_limit(status.st_rdev, "discard_granularity").value_or(0);
    const bool zeroes = queue_limit(status.st_rdev, "write_zeroes_max_bytes").value_or(0) != 0;
    const bool discards = queue_limit(status.st_rdev, "discard_max_bytes").value_or(0) != 0;
    if (zeroes) {
        zero_mode_ = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
        traits_.write_zeroes = true;
    }
    if (!discards) return;
    // Punching a hole into a device zeroes it, by discarding where that is safe. Where it cannot, a plain
    // discard promises nothing about what is read afterwards.
    unmap_mode_ = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE | (zeroes ? 0 : FALLOC_FL_NO_HIDE_STALE);
    traits_.unmap = true;
    traits_.unmap_reads_zero = zeroes;
    traits_.unmap_granularity = ByteCount{granularity};
}

}  // namespace tcmud::file
