// SPDX-License-Identifier: Apache-2.0
// What the administrator asked of the guard.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tcmud/result.hpp"

namespace tcmud::guard {

struct Options {
    enum class Action { watch, undo, free_writers, help, version } action = Action::watch;
    std::filesystem::path run_directory = "/run/tcmud";
    std::chrono::seconds after{30};
};

// Without the program's name. The error's line says what is wrong with which option.
Result<Options> parse_command_line(const std::vector<std::string>& arguments);

extern const std::string_view help_text;

}  // namespace tcmud::guard
