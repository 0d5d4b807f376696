// SPDX-License-Identifier: Apache-2.0
// The daemon's log: one line per event, to journald under systemd, else to stderr. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace tcmud::log {

enum class Level { debug, info, warning, error };

// "debug", "info", "warning", "error".
std::optional<Level> level_from(std::string_view name);
std::string_view name_of(Level level);

void start(Level level);
void set_level(Level level);
Level level();

void write(Level level, std::string_view line);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (level() <= Level::debug) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace tcmud::log
