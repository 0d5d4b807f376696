// SPDX-License-Identifier: Apache-2.0
// /etc/tcmud/tcmud.toml.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "handler/daemon/settings.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

// Applies a file's keys to the settings, all of them or, on an error, none. The error names file, line and
// what is wrong. name: for messages.
Result<void> apply_config(std::string_view text, const std::string& name, Settings& settings);

// The file may be missing if it is the default one.
Result<void> apply_config_file(const std::filesystem::path& file, bool must_exist, Settings& settings);

}  // namespace tcmud::daemon
