// SPDX-License-Identifier: Apache-2.0
// Who a logical unit is: the strings and designators by which initiators tell it from all others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handler/scsi/bytes.hpp"

namespace tcmud::scsi {

// SPC-4 6.27: what an initiator may do through a group of target ports.
enum class AccessState : std::uint8_t {
    active_optimized = 0x0,
    active_non_optimized = 0x1,
    standby = 0x2,
    unavailable = 0x3,
    lba_dependent = 0x4,
    offline = 0xe,
    transitioning = 0xf,
};

// A target port group, as configfs describes it.
struct TargetPortGroup {
    std::uint16_t id = 0;
    std::string name{};  // Of its directory.
    AccessState state = AccessState::active_optimized;
    std::uint8_t status_code = 0;
    bool preferred = false;
    bool implicit_access = false;
    bool explicit_access = false;
    std::uint8_t supported_states =
        0;  // As in REPORT TARGET PORT GROUPS: T_SUP O_SUP … U_SUP S_SUP AN_SUP AO_SUP.
    std::vector<std::uint16_t> relative_ports{};
    bool operator==(const TargetPortGroup&) const = default;
};

struct Identity {
    // As tcmu-runner answers, so that a LUN that moves to tcmud is the same disk to multipath and VMFS.
    std::string vendor = "LIO-ORG";
    std::string product = "TCMU device";
    std::string revision = "0002";
    std::string serial;  // Never empty: without a unit serial, derived from the LUN's name and cfgstring.
    std::string config;  // The vendor specific designator; empty: it is left out.
    std::vector<TargetPortGroup> groups;
    bool operator==(const Identity&) const = default;
};

inline constexpr std::size_t naa_size = 16;
using Naa = std::array<std::byte, naa_size>;

// The NAA Registered Extended designator: 6, OpenFabrics' company id, then 25 hexadecimal digits of the
// serial.
Naa naa_of(std::string_view serial);

// 32 hexadecimal digits that depend on the text alone.
std::string derived_serial(std::string_view text);

}  // namespace tcmud::scsi
