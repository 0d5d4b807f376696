// SPDX-License-Identifier: Apache-2.0
// The messages of the generic netlink family TCM-USER, version 2 (Linux 4.13 and later).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tcmud::netlink {

// What the kernel asks us to do. In reply mode a writer of configfs waits, uninterruptibly, until it is
// answered.
enum class Request : std::uint8_t { added = 1, removed = 2, reconfigured = 3 };

struct Event {
    Request request = Request::added;
    std::string device;  // As in sysfs: tcm-user/<hba>/<device>/<config>; when reconfigured, the old one.
    std::uint32_t minor = 0;      // Of the UIO device.
    std::uint32_t device_id = 0;  // Names the device in the answer.
    // When reconfigured, exactly one of these: the value that is proposed.
    std::optional<std::string> config;
    std::optional<std::uint64_t> size;  // Bytes.
    std::optional<bool> write_cache;

    friend bool operator==(const Event&, const Event&) = default;
};

// One whole netlink message; nullopt if it is not such an event, or lacks what every event has.
std::optional<Event> decode(std::span<const std::byte> message, int family_id);

// What the kernel would send; for tests.
std::vector<std::byte> encode(const Event& event, int family_id);

// status: 0 or a negative errno. A positive one would make the device's writer believe in a success.
struct Answer {
    Request request;
    std::uint32_t device_id;
    int status;
};
std::vector<std::byte> encode(const Answer& answer, int family_id);

// SET_FEATURES: whether the kernel waits for answers, for devices that are enabled from now on.
std::vector<std::byte> encode_reply_mode(bool on, int family_id);

}  // namespace tcmud::netlink
