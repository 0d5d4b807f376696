// SPDX-License-Identifier: Apache-2.0
#include "uio/device.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

namespace tcmud::uio {

namespace {

// "0x40800000", in bytes; 0 if the device is gone.
std::size_t map_size(std::uint32_t minor) {
    std::ifstream file("/sys/class/uio/uio" + std::to_string(minor) + "/maps/map0/size");
    std::size_t size = 0;
    file >> std::hex >> size;
    return file ? size : 0;
}

std::error_code last_error() {
    return {errno, std::generic_category()};
}

}  // namespace

tl::expected<Device, std::error_code> Device::open(std::uint32_t minor, const DeviceName& name) {
    const auto path = "/dev/uio" + std::to_string(minor);
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return tl::unexpected(last_error());
    return map(fd, minor, name);
}

tl::expected<Device, std::error_code> Device::map(int fd, std::uint32_t minor, const DeviceName& name) {
    Device device(fd, {});
    struct stat status {};
    if (::fstat(fd, &status) != 0) return tl::unexpected(last_error());
    if (!S_ISCHR(status.st_mode) || ::minor(status.st_rdev) != minor)
        return tl::unexpected(std::make_error_code(std::errc::no_such_device));
    // Minors are reused at once: this one may belong to another device by now.
    const auto size = map_size(minor);
    const auto now = name_of(minor);
    if (!now || !now->same_device(name) || size == 0) {
        return tl::unexpected(std::make_error_code(std::errc::no_such_device));
    }
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return tl::unexpected(last_error());
    device.mapping_ = {static_cast<std::byte*>(memory), size};
    // A child that inherits the mapping would keep the device busy.
    if (::madvise(memory, size, MADV_DONTFORK) != 0) return tl::unexpected(last_error());
    return device;
}

Device::Device(Device&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), mapping_(std::exchange(other.mapping_, {})) {}

Device& Device::operator=(Device&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(mapping_, other.mapping_);
    return *this;
}

Device::~Device() {
    if (!mapping_.empty()) ::munmap(mapping_.data(), mapping_.size());
    if (fd_ >= 0) ::close(fd_);
}

bool Device::notify() const {
    const std::int32_t any = 0;
    // Not write(2): glibc makes that a point of cancellation, for 60 instructions.
    while (::syscall(SYS_write, fd_, &any, sizeof any) < 0) {
        if (errno != EINTR) return false;
    }
    return true;
}

}  // namespace tcmud::uio
