// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/cfgstring.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace tcmud::daemon {

namespace {

constexpr std::size_t longest = 255;  // The kernel cuts silently beyond it.

constexpr std::array common_infos{
    OptionInfo{"wce", OptionInfo::Kind::flag,
               "start with the write cache on (WCE); off makes every write stable; default on"},
    OptionInfo{"vpd_config", OptionInfo::Kind::flag,
               "show this string to initiators in VPD page 83h; default on"},
    OptionInfo{"thread", OptionInfo::Kind::number,
               "the serving thread that is to serve it, by its number among those of its kind; see "
               "serving_cpus in tcmud.toml(5)"},
    OptionInfo{"tcmur_cmd_time_out", OptionInfo::Kind::number, "of tcmu-runner; accepted, without effect"},
};

// "%3B" stands for a ';' that belongs to the path.
std::string unescaped(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 3) == "%3B" || text.substr(i, 3) == "%3b") {
            result += ';';
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool has_form(OptionInfo::Kind kind, std::string_view value) {
    static constexpr std::array<std::string_view, 8> flags{"on",  "off", "1",    "0",
                                                           "yes", "no",  "true", "false"};
    switch (kind) {
        case OptionInfo::Kind::flag: return std::ranges::find(flags, value) != flags.end();
        case OptionInfo::Kind::number: return number(value).has_value();
        case OptionInfo::Kind::text: return !value.empty();
    }
    return false;
}

std::string_view form_of(OptionInfo::Kind kind) {
    switch (kind) {
        case OptionInfo::Kind::flag: return "on|off";
        case OptionInfo::Kind::number: return "NUMBER";
        case OptionInfo::Kind::text: return "TEXT";
    }
    return "";
}

std::string list_of_keys(std::span<const OptionInfo> known) {
    std::string keys;
    for (const auto& infos : {known, std::span<const OptionInfo>(common_infos)}) {
        for (const auto& info : infos) keys += fmt::format("{}{}", keys.empty() ? "" : ", ", info.key);
    }
    return keys;
}

const OptionInfo* find(std::span<const OptionInfo> infos, std::string_view key) {
    const auto found = std::ranges::find(infos, key, &OptionInfo::key);
    return found == infos.end() ? nullptr : &*found;
}

}  // namespace

std::string_view subtype_of(std::string_view config) {
    return config.substr(0, config.find('/'));
}

Result<ParsedConfig> parse_config(std::string_view config, std::span<const OptionInfo> known,
                                  const std::function<bool(const std::string&)>& exists) {
    const auto slash = config.find('/');
    if (slash == std::string_view::npos) {
        return failure(
            EINVAL,
            fmt::format("'{}' has no '/' behind the subtype: write SUBTYPE/PATH[;key=value]", config));
    }
    if (config.size() >= longest) {
        return failure(ENAMETOOLONG,
                       fmt::format("the string has {} bytes; from {} on the kernel may have cut it",
                                   config.size(), longest));
    }
    if (config.find_first_of(",\n") != std::string_view::npos ||
        config.find('\0') != std::string_view::npos) {
        return failure(EINVAL, "commas and line ends cannot be part of it: the kernel cuts there");
    }
    const auto rest = config.substr(slash + 1);
    ParsedConfig parsed;
    if (rest.find(';') != std::string_view::npos && exists(std::string(rest))) {
        parsed.path = rest;
        return parsed;
    }
    const auto parts = split(rest, ';');
    parsed.path = unescaped(parts[0]);
    Options common;
    for (const auto part : std::span(parts).subspan(1)) {
        const auto equals = part.find('=');
        const auto key = part.substr(0, equals);
        const auto value = equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
        const auto* own = find(known, key);
        const auto* info = own ? own : find(common_infos, key);
        if (!info)
            return failure(EINVAL, fmt::format("unknown option '{}'; known: {}", key, list_of_keys(known)));
        if (!has_form(info->kind, value)) {
            return failure(EINVAL, fmt::format("option {} cannot be '{}': write {}={}", key, value, key,
                                               form_of(info->kind)));
        }
        auto& target = own ? parsed.options : common;
        if (target.text(key)) return failure(EINVAL, fmt::format("option {} is given twice", key));
        target.set(std::string(key), unescaped(value));
    }
    parsed.common.write_cache = common.flag("wce", true);
    parsed.common.show_config = common.flag("vpd_config", true);
    if (const auto thread = common.text("thread")) parsed.common.thread = number(*thread);
    return parsed;
}

std::string describe(std::span<const OptionInfo> options) {
    std::string text;
    for (const auto& infos : {options, std::span<const OptionInfo>(common_infos)}) {
        for (const auto& info : infos) {
            text +=
                fmt::format("  {:<20} {}\n", fmt::format("{}={}", info.key, form_of(info.kind)), info.help);
        }
    }
    return text;
}

}  // namespace tcmud::daemon
