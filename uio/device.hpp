// SPDX-License-Identifier: Apache-2.0
// One open UIO device: its descriptor, its mapping, its doorbell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <system_error>

#include <tl/expected.hpp>

#include "uio/discovery.hpp"

namespace tcmud::uio {

class Device {
public:
    // Opens /dev/uio<minor> and maps all of it. Errors: EBUSY, another process has it open (or still maps
    // it); ENODEV, it is gone or another device by now.
    static tl::expected<Device, std::error_code> open(std::uint32_t minor, const DeviceName& name);

    // Maps what an open descriptor, which it owns from here on, refers to. Errors: ENODEV, that is not this
    // device, or the device is gone.
    static tl::expected<Device, std::error_code> map(int fd, std::uint32_t minor, const DeviceName& name);

    // Takes over an open descriptor and its whole mapping, from another process or from a test.
    static Device adopt(int fd, std::span<std::byte> mapping) { return {fd, mapping}; }

    Device(Device&& other) noexcept;
    Device& operator=(Device&& other) noexcept;
    // Unmaps and closes: the kernel keeps the ring, another process may open it.
    ~Device();

    // Readable when the kernel has submitted something since the last look. Wait for edges: it is never read.
    int fd() const { return fd_; }
    std::span<std::byte> mapping() const { return mapping_; }

    // Tells the kernel to collect completions: it copies read data in this call. False: the device is gone.
    bool notify() const;

private:
    Device(int fd, std::span<std::byte> mapping) : fd_(fd), mapping_(mapping) {}

    int fd_;
    std::span<std::byte> mapping_;
};

}  // namespace tcmud::uio
