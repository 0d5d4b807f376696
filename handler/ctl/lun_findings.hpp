// SPDX-License-Identifier: Apache-2.0
// What is wrong with LUNs, as configfs has them.
#pragma once

#include <filesystem>
#include <vector>

#include "handler/ctl/finding.hpp"

namespace tcmud::ctl {

// Waits, perhaps for ever, while somebody holds configfs.
std::vector<Finding> lun_findings(const std::filesystem::path& target = "/sys/kernel/config/target");

}  // namespace tcmud::ctl
