// SPDX-License-Identifier: Apache-2.0
// /etc/tcmu/tcmu.conf, tcmu-runner's configuration: what tcmud.toml leaves at its default is taken from
// there, so that one may replace the other without an edit.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "handler/daemon/log.hpp"
#include "handler/daemon/settings.hpp"

namespace tcmud::daemon {

struct RunnerConfig {
    std::optional<log::Level> log_level;  // 0 and 1: error, 2: warning, 3: info, 4 and 5: debug.
    bool has_log_directory = false;       // Of no use for us: the journal has our log.
};

// Lines `key = number`, `key = "text"` or `key`; '#' begins a comment. What it does not understand is passed
// over, as it is not our file.
RunnerConfig parse_runner_config(std::string_view text);

// Takes what there is into the settings, and notes so in `adopted`. For settings to which tcmud.toml has not
// been applied yet.
void adopt_runner_config(const std::filesystem::path& file, Settings& settings);

}  // namespace tcmud::daemon
