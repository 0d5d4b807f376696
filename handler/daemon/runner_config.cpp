// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/runner_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "handler/daemon/text_file.hpp"

namespace tcmud::daemon {

namespace {

constexpr std::array levels{log::Level::error, log::Level::error, log::Level::warning,
                            log::Level::info,  log::Level::debug, log::Level::debug};

std::string_view trimmed(std::string_view text) {
    constexpr auto blanks = " \t\r";
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<log::Level> level_of(std::string_view value) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number >= levels.size())
        return std::nullopt;
    return levels[number];
}

}  // namespace

RunnerConfig parse_runner_config(std::string_view text) {
    RunnerConfig config;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, std::min(text.find('#'), end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto equals = line.find('=');
        if (equals == line.npos) continue;
        const auto key = trimmed(line.substr(0, equals));
        const auto value = trimmed(line.substr(equals + 1));
        // As tcmu-runner: the last one counts.
        if (key == "log_level" && level_of(value)) config.log_level = level_of(value);
        if (key == "log_dir" && !value.empty()) config.has_log_directory = true;
    }
    return config;
}

void adopt_runner_config(const std::filesystem::path& file, Settings& settings) {
    const auto text = read_text_file(file);
    if (!text) return;
    const auto config = parse_runner_config(*text);
    if (!config.log_level) return;
    settings.log_level = *config.log_level;
    settings.adopted = fmt::format(
        "log_level = \"{}\" is taken from {}, as tcmud.toml has none{}", log::name_of(*config.log_level),
        file.string(), config.has_log_directory ? "; its log_dir is not used: the journal has the log" : "");
}

}  // namespace tcmud::daemon
