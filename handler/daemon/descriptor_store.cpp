// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/descriptor_store.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace tcmud::daemon {

namespace {

constexpr std::string_view prefix = "uio";

struct Free {
    char** names;
    explicit Free(char** these) : names(these) {}
    Free(const Free&) = delete;
    Free& operator=(const Free&) = delete;
    ~Free() {
        for (auto** name = names; name && *name; ++name) std::free(*name);
        std::free(names);
    }
};

}  // namespace

void KeptDescriptors::add(std::uint32_t minor, FileDescriptor descriptor) {
    descriptors_[minor] = std::move(descriptor);
}

FileDescriptor KeptDescriptors::take(std::uint32_t minor) {
    auto found = descriptors_.extract(minor);
    return found.empty() ? FileDescriptor() : std::move(found.mapped());
}

std::vector<std::uint32_t> KeptDescriptors::left() const {
    std::vector<std::uint32_t> minors;
    for (const auto& [minor, descriptor] : descriptors_) minors.push_back(minor);
    return minors;
}

void DescriptorStore::keep(std::uint32_t minor, int descriptor) {
    // Not to be polled: each doorbell would wake systemd.
    const auto state = fmt::format("FDSTORE=1\nFDPOLL=0\nFDNAME={}{}", prefix, minor);
    ::sd_pid_notify_with_fds(0, 0, state.c_str(), &descriptor, 1);
}

void DescriptorStore::forget(std::uint32_t minor) {
    ::sd_notify(0, fmt::format("FDSTOREREMOVE=1\nFDNAME={}{}", prefix, minor).c_str());
}

KeptDescriptors DescriptorStore::inherit() {
    KeptDescriptors kept;
    char** names = nullptr;
    const int count = ::sd_listen_fds_with_names(1, &names);
    const Free owned(names);
    for (int i = 0; i < count; ++i) {
        FileDescriptor descriptor(SD_LISTEN_FDS_START + i);
        const std::string_view name(names[i]);
        std::uint32_t minor = 0;
        if (!name.starts_with(prefix)) continue;
        const auto* digits = name.data() + prefix.size();
        const auto* end = name.data() + name.size();
        const auto parsed = std::from_chars(digits, end, minor);
        if (parsed.ec != std::errc() || parsed.ptr != end) continue;
        kept.add(minor, std::move(descriptor));
    }
    return kept;
}

}  // namespace tcmud::daemon
