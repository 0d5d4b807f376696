// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/config_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "handler/daemon/text_file.hpp"

namespace tcmud::daemon {

namespace {

// Applies a value, or says what it should be.
using Apply = std::function<std::optional<std::string>(const toml::node&, Settings&)>;

Apply milliseconds(std::chrono::milliseconds Settings::*member) {
    return [member](const toml::node& node, Settings& settings) -> std::optional<std::string> {
        const auto seconds = node.value<double>();
        // Not the other way round: no comparison with NaN holds.
        if (!seconds || !(*seconds >= 0.1 && *seconds <= 3600)) return "a number of seconds from 0.1 to 3600";
        settings.*member = std::chrono::milliseconds(static_cast<long>(*seconds * 1000));
        return std::nullopt;
    };
}

Apply names(std::vector<std::string> Settings::*member) {
    return [member](const toml::node& node, Settings& settings) -> std::optional<std::string> {
        constexpr auto expected = "a list of strings, e.g. [\"a\", \"b\"]";
        const auto* array = node.as_array();
        if (!array) return expected;
        std::vector<std::string> list;
        for (const auto& element : *array) {
            const auto text = element.value<std::string>();
            if (!text || text->empty()) return expected;
            list.push_back(*text);
        }
        settings.*member = std::move(list);
        return std::nullopt;
    };
}

Apply path(std::filesystem::path Settings::*member) {
    return [member](const toml::node& node, Settings& settings) -> std::optional<std::string> {
        const auto text = node.value<std::string>();
        if (!text || !text->starts_with('/')) return "an absolute path";
        settings.*member = *text;
        return std::nullopt;
    };
}

std::optional<std::string> log_level(const toml::node& node, Settings& settings) {
    const auto text = node.value<std::string>();
    const auto level = text ? log::level_from(*text) : std::nullopt;
    if (!level) return "\"debug\", \"info\", \"warning\" or \"error\"";
    settings.log_level = *level;
    settings.adopted.clear();  // The one thing that could be.
    return std::nullopt;
}

Apply boolean(bool Settings::*member) {
    return [member](const toml::node& node, Settings& settings) -> std::optional<std::string> {
        const auto on = node.value<bool>();
        if (!node.is_boolean() || !on) return "true or false";
        settings.*member = *on;
        return std::nullopt;
    };
}

std::optional<std::string> serving_threads(const toml::node& node, Settings& settings) {
    const auto count = node.value<std::int64_t>();
    if (!node.is_integer() || !count || *count < 0 || *count > 1024)
        return "a whole number from 0 (one per CPU) to 1024";
    settings.serving_threads = static_cast<std::size_t>(*count);
    return std::nullopt;
}

std::optional<std::string> serving_cpus(const toml::node& node, Settings& settings) {
    constexpr auto expected = "a list with the CPUs of each serving thread, e.g. [\"0-1\", \"2\"]";
    const auto online = CpuList::online();
    const auto* array = node.as_array();
    if (!array) return expected;
    std::vector<CpuList> lists;
    for (const auto& element : *array) {
        const auto cpus = CpuList::parse(element.value<std::string>().value_or(""));
        if (!cpus) return expected;
        if (const auto absent = cpus->first_not_in(online))
            return fmt::format("CPUs that are online ({}), and {} is not", online.text(), *absent);
        lists.push_back(*cpus);
    }
    settings.serving_cpus = std::move(lists);
    return std::nullopt;
}

std::optional<std::string> busy_wait(const toml::node& node, Settings& settings) {
    const auto microseconds = node.value<std::int64_t>();
    if (!node.is_integer() || !microseconds || *microseconds < 0 || *microseconds > 1000)
        return "a whole number of microseconds from 0 (off) to 1000";
    settings.busy_wait = std::chrono::microseconds(*microseconds);
    return std::nullopt;
}

std::optional<std::string> metrics_address(const toml::node& node, Settings& settings) {
    const auto text = node.value<std::string>();
    const auto address = text ? parse_listen_address(*text) : std::nullopt;
    if (text && text->empty()) {
        settings.metrics_address.reset();
        return std::nullopt;
    }
    if (!address)
        return "\"\" (off), a port of this machine, e.g. \"9660\", or ADDRESS:PORT, e.g. \"0.0.0.0:9660\"";
    settings.metrics_address = address;
    return std::nullopt;
}

std::optional<std::string> command_timeout(const toml::node& node, Settings& settings) {
    const auto seconds = node.value<std::int64_t>();
    if (!node.is_integer() || !seconds || *seconds < 0 || *seconds > 86400) {
        return "a whole number of seconds from 0 (never) to 86400";
    }
    settings.command_timeout_s = static_cast<unsigned>(*seconds);
    return std::nullopt;
}

struct Key {
    std::string_view name;
    Apply apply;
};

const std::array<Key, 17>& keys() {
    static const std::array<Key, 17> all{{
        {"log_level", log_level},
        {"run_directory", path(&Settings::run_directory)},
        {"module_directory", path(&Settings::module_directory)},
        {"subtypes", names(&Settings::subtypes)},
        {"hba", names(&Settings::hbas)},
        {"not_hba", names(&Settings::not_hbas)},
        {"reply_mode", boolean(&Settings::reply_mode)},
        {"dbus", boolean(&Settings::dbus)},
        {"serving_threads", serving_threads},
        {"serving_cpus", serving_cpus},
        {"busy_wait", busy_wait},
        {"open_timeout", milliseconds(&Settings::open_timeout)},
        {"not_ready_after", milliseconds(&Settings::not_ready_after)},
        {"unserved_timeout", milliseconds(&Settings::unserved_timeout)},
        {"command_timeout", command_timeout},
        {"command_report_after", milliseconds(&Settings::command_report_after)},
        {"metrics_address", metrics_address},
    }};
    return all;
}

std::string known_keys() {
    std::string list;
    for (const auto& key : keys()) list += fmt::format("{}{}", list.empty() ? "" : ", ", key.name);
    return list;
}

}  // namespace

Result<void> apply_config(std::string_view text, const std::string& name, Settings& settings) {
    toml::table table;
    try {
        table = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        return failure(EINVAL,
                       fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
    }
    auto changed = settings;
    for (const auto& [key, node] : table) {
        const auto line = key.source().begin.line;
        const auto* known =
            std::find_if(keys().begin(), keys().end(), [&](const Key& k) { return k.name == key.str(); });
        if (known == keys().end()) {
            return failure(EINVAL, fmt::format("{}:{}: unknown key '{}'; known: {}", name, line, key.str(),
                                               known_keys()));
        }
        if (const auto expected = known->apply(node, changed)) {
            return failure(EINVAL, fmt::format("{}:{}: {} must be {}", name, line, key.str(), *expected));
        }
    }
    if (changed.serving_threads != 0 && changed.serving_cpus.size() > changed.serving_threads) {
        return failure(EINVAL, fmt::format("{}: serving_cpus has {} entries, and serving_threads = {}", name,
                                           changed.serving_cpus.size(), changed.serving_threads));
    }
    settings = std::move(changed);
    return {};
}

Result<std::vector<std::filesystem::path>> config_files(const std::filesystem::path& file) {
    std::vector<std::filesystem::path> files{file};
    const auto directory = std::filesystem::path(file.string() + ".d");
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() == ".toml") files.push_back(entry->path());
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return failure(error.value(),
                       fmt::format("{}: cannot read: {}", directory.string(), error.message()));
    std::sort(files.begin() + 1, files.end());
    return files;
}

Result<void> apply_config_file(const std::filesystem::path& file, bool must_exist, Settings& settings) {
    const auto files = config_files(file);
    if (!files) return tl::unexpected(files.error());
    auto changed = settings;
    for (const auto& each : *files) {
        const auto text = read_text_file(each);
        if (!text && text.error().number == ENOENT && each == file && !must_exist) continue;
        if (!text) return tl::unexpected(text.error());
        if (auto applied = apply_config(*text, each.string(), changed); !applied) return applied;
    }
    settings = std::move(changed);
    return {};
}

}  // namespace tcmud::daemon
