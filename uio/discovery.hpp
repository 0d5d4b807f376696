// SPDX-License-Identifier: Apache-2.0
// Finds TCMU devices: what the kernel calls them and where they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tcmud::uio {

// Parsed from `tcm-user/<hba>/<device>[/<subtype>/<path>]`, which sysfs shows with a newline behind it and
// netlink without. The device's directory in configfs is core/user_<hba>/<device>.
struct DeviceName {
    std::string hba;     // Digits.
    std::string device;  // Any bytes but '/'.
    std::string config;  // All behind it, without trailing white space; empty if the administrator gave none.
    // The longest config that the kernel keeps; one of this length may have been cut silently.
    static constexpr std::size_t longest_config = 255;

    std::string subtype() const { return config.substr(0, config.find('/')); }
    std::string hba_directory() const { return "user_" + hba; }
    // The config of a device may change, its name may not.
    bool same_device(const DeviceName& other) const { return hba == other.hba && device == other.device; }
    friend bool operator==(const DeviceName&, const DeviceName&) = default;
};

// nullopt: not a TCMU device.
std::optional<DeviceName> parse_name(std::string_view name);

struct FoundDevice {
    std::uint32_t minor;  // Of /dev/uio<minor>.
    DeviceName name;
};

// Reads /sys/class/uio, or another directory in tests. Devices that vanish meanwhile are left out.
std::vector<FoundDevice> find_devices(const std::filesystem::path& sysfs_class = "/sys/class/uio");

// The name that the device has at this moment.
std::optional<DeviceName> name_of(std::uint32_t minor,
                                  const std::filesystem::path& sysfs_class = "/sys/class/uio");

}  // namespace tcmud::uio
