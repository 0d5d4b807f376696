// SPDX-License-Identifier: Apache-2.0
// tcmuctl doctor: looks at the machine, with or without a tcmud, and says what is wrong and what mends it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "handler/ctl/finding.hpp"

namespace tcmud::ctl {

// Of this machine; takes some seconds where something waits. socket: the daemon's.
std::vector<Finding> examine(const std::filesystem::path& socket);

// For people: a paragraph for each. Empty if there are none.
std::string findings_text(const std::vector<Finding>& findings);
// For programs.
std::string findings_json(const std::vector<Finding>& findings);

bool anything_wrong(const std::vector<Finding>& findings);

}  // namespace tcmud::ctl
