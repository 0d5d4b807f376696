// SPDX-License-Identifier: Apache-2.0
// /etc/tcmud/tcmud.toml.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "handler/daemon/settings.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

// Applies a file's keys to the settings, all of them or, on an error, none. The error names file, line and
// what is wrong. name: for messages.
Result<void> apply_config(std::string_view text, const std::string& name, Settings& settings);

// The file, and those of the directory with its name and ".d" behind it that end in ".toml", in the order of
// their names; the last one that has a key decides.
Result<std::vector<std::filesystem::path>> config_files(const std::filesystem::path& file);

// Applies all of them or, on an error in any, none. The file may be missing if it is the default one.
Result<void> apply_config_file(const std::filesystem::path& file, bool must_exist, Settings& settings);

}  // namespace tcmud::daemon
