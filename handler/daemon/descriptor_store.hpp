// SPDX-License-Identifier: Apache-2.0
// Descriptors of UIO devices that systemd keeps while a service is restarted (its file descriptor store), so
// that a device stays open, and ours, while no tcmud runs.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "handler/daemon/file_descriptor.hpp"

namespace tcmud::daemon {

// What was kept, by minor number.
class KeptDescriptors {
public:
    void add(std::uint32_t minor, FileDescriptor descriptor);
    // None if none was kept.
    FileDescriptor take(std::uint32_t minor);
    // Those that nobody took.
    std::vector<std::uint32_t> left() const;

private:
    std::map<std::uint32_t, FileDescriptor> descriptors_;
};

// Each call may wait for systemd; without systemd they do nothing.
class DescriptorStore {
public:
    static void keep(std::uint32_t minor, int descriptor);
    static void forget(std::uint32_t minor);
    // What an earlier process of this service kept. Once, before threads begin.
    static KeptDescriptors inherit();
};

}  // namespace tcmud::daemon
