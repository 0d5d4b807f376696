// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/target_port_groups.hpp"

#include <algorithm>

namespace tcmud::scsi {

namespace {

constexpr std::size_t list_header = 4;
constexpr std::size_t change_size = 4;

// The bit of supported_states that allows a state to be set.
unsigned support_bit(AccessState state) {
    switch (state) {
        case AccessState::active_optimized: return 0x01;
        case AccessState::active_non_optimized: return 0x02;
        case AccessState::standby: return 0x04;
        case AccessState::unavailable: return 0x08;
        case AccessState::offline: return 0x40;
        default: return 0;
    }
}

}  // namespace

Writer report_target_port_groups(std::span<const TargetPortGroup> groups, bool extended) {
    Writer data;
    data.u32(0);                               // RETURN DATA LENGTH
    if (extended) data.u8(0x10).u8(0).u16(0);  // FORMAT TYPE 1, IMPLICIT TRANSITION TIME unknown
    for (const auto& group : groups) {
        data.u8((group.preferred ? 0x80u : 0u) | static_cast<unsigned>(group.state));
        data.u8(group.supported_states);
        data.u16(group.id);
        data.u8(0).u8(group.status_code).u8(0);
        data.u8(static_cast<unsigned>(std::min<std::size_t>(group.relative_ports.size(), 255)));
        for (std::size_t i = 0; i < std::min<std::size_t>(group.relative_ports.size(), 255); ++i) {
            data.u16(0).u16(group.relative_ports[i]);
        }
    }
    data.set_32(0, data.size() - 4);
    return data;
}

tl::expected<std::vector<GroupChange>, Sense> parse_set_target_port_groups(
    Bytes list, std::span<const TargetPortGroup> groups) {
    if (list.size() < list_header || (list.size() - list_header) % change_size != 0) {
        return tl::unexpected(sense::parameter_list_length_error);
    }
    std::vector<GroupChange> changes;
    for (std::size_t at = list_header; at < list.size(); at += change_size) {
        const auto invalid = [&](std::size_t byte) {
            return tl::unexpected(
                sense::invalid_field_in_parameter_list.in_parameters(static_cast<std::uint16_t>(byte)));
        };
        const auto state = static_cast<AccessState>(get_8(list, at) & 0x0f);
        const auto id = get_16(list, at + 2);
        const auto group = std::ranges::find(groups, id, &TargetPortGroup::id);
        if (group == groups.end()) return invalid(at + 2);
        if (!group->explicit_access || (group->supported_states & support_bit(state)) == 0)
            return invalid(at);
        changes.push_back({id, state});
    }
    return changes;
}

}  // namespace tcmud::scsi
