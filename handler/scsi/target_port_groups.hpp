// SPDX-License-Identifier: Apache-2.0
// Asymmetric logical unit access: REPORT and SET TARGET PORT GROUPS (SPC-4 6.37 and 6.45).
#pragma once

#include <span>
#include <vector>

#include <tl/expected.hpp>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/identity.hpp"
#include "handler/scsi/sense.hpp"

namespace tcmud::scsi {

// extended: with the header that tells how long a transition may take.
Writer report_target_port_groups(std::span<const TargetPortGroup> groups, bool extended);

struct GroupChange {
    std::uint16_t group;
    AccessState state;
};

// Checks a SET TARGET PORT GROUPS parameter list against the groups that exist; the changes it asks for.
tl::expected<std::vector<GroupChange>, Sense> parse_set_target_port_groups(
    Bytes list, std::span<const TargetPortGroup> groups);

}  // namespace tcmud::scsi
