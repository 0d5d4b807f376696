// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/tables.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/ctl/top.hpp"

namespace tcmud::ctl {

namespace {

using json = nlohmann::json;

std::string text(const json& object, const char* key) {
    return object.value(key, std::string{});
}
std::uint64_t number(const json& object, const char* key) {
    return object.value(key, std::uint64_t{0});
}

// "illegal_request 3, none 1"
std::string listed_counts(const json& counts) {
    std::string list;
    for (const auto& [name, count] : counts.items())
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", name, count.get<std::uint64_t>());
    return list;
}

// "iscsi iqn.2026-11.org:t tpgt_1 lun_0"
std::string export_text(const json& each) {
    return fmt::format("{} {} {} {}", text(each, "fabric"), text(each, "wwn"), text(each, "group"),
                       text(each, "lun"));
}

std::string error_text(const json& error) {
    const auto seconds = static_cast<std::time_t>(error.value("time", 0.0));
    const auto name = text(error, "command");
    auto result = fmt::format("{:%Y-%m-%d %H:%M:%S}  {} [{}]: ", fmt::localtime(seconds),
                              name.empty() ? "unknown command" : name, text(error, "cdb"));
    if (!error.contains("sense_key")) return result + fmt::format("status {:02x}h", number(error, "status"));
    return result + fmt::format("{}, {:02x}h/{:02x}h", text(error, "sense_key"), number(error, "asc"),
                                number(error, "ascq"));
}

// Of all since the LUN was opened: "mean 120us of 4711"
std::string mean_text(const json& latency) {
    const auto count = number(latency, "count");
    if (count == 0) return "";
    return fmt::format("mean {} of {}",
                       short_time(latency.value("seconds", 0.0) / static_cast<double>(count)), count);
}

// A list in the column of values, each on a line of its own.
template <class Each>
std::string lines_of(const json& list, Each each) {
    std::string result;
    for (const auto& one : list)
        result += fmt::format("{}{}", result.empty() ? "" : "\n                 ", each(one));
    return result;
}

}  // namespace

std::string readable_size(std::uint64_t bytes) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.4g} {}", value, units[unit]);
}

std::string full_name(const json& lun) {
    return fmt::format("{}/{}", text(lun, "hba"), text(lun, "name"));
}

std::string list_table(const json& luns) {
    std::vector<std::array<std::string, 4>> rows{{{"LUN", "STATE", "SIZE", "CONFIG"}}};
    for (const auto& lun : luns) {
        rows.push_back({full_name(lun), text(lun, "state"), readable_size(number(lun, "size_bytes")),
                        text(lun, "config")});
    }
    std::array<std::size_t, 3> widths{};
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string table;
    for (const auto& row : rows) {
        table += fmt::format("{:<{}}  {:<{}}  {:>{}}  {}\n", row[0], widths[0], row[1], widths[1], row[2],
                             widths[2], row[3]);
    }
    return table;
}

std::string hung_table(const json& report) {
    std::string result;
    for (const auto& command : report.value("commands", json::array())) {
        result += fmt::format("{}  {:.1f} s  {} [{}]\n    {}{}\n", text(command, "lun"),
                              command.value("age_seconds", 0.0), text(command, "command"),
                              text(command, "cdb"), text(command, "waits"),
                              command.value("aborted", false) ? "; aborted by its initiator" : "");
    }
    if (const auto more = number(report, "not_listed"); more != 0)
        result += fmt::format("and {} younger ones of these LUNs\n", more);
    for (const auto& lun : report.value("silent", json::array())) {
        result += fmt::format("{}  {} commands in flight\n    {}\n", text(lun, "lun"),
                              number(lun, "in_flight"), text(lun, "waits"));
    }
    return result.empty() ? "none\n" : result;
}

std::string daemon_text(const json& daemon) {
    std::string subtypes;
    for (const auto& subtype : daemon.value("subtypes", json::array()))
        subtypes += (subtypes.empty() ? "" : ", ") + subtype.get<std::string>();
    std::string each;
    for (const auto& thread : daemon.value("threads", json::array())) {
        const auto cpus = text(thread, "cpus");
        each += fmt::format("{:<16} {}, LUNs: {}{}{}\n", "", text(thread, "name"), number(thread, "luns"),
                            cpus.empty() ? "" : ", CPUs: ", cpus);
    }
    return fmt::format(
        "Version          {}\n"
        "Subtypes         {}\n"
        "Serving threads  {}, {} held by a file system\n"
        "{}"
        "Weight           {}\n"
        "Stuck workers    {}\n"
        "Log level        {}\n",
        text(daemon, "version"), subtypes, number(daemon, "serving_threads"),
        number(daemon, "held_serving_threads"), each, text(daemon, "scheduler_weight"),
        number(daemon, "stuck_workers"), text(daemon, "log_level"));
}

std::string modules_text(const json& modules) {
    std::string result;
    for (const auto& module : modules) {
        std::string aliases;
        for (const auto& alias : module.value("aliases", json::array()))
            aliases += (aliases.empty() ? "; also " : ", ") + alias.get<std::string>();
        result +=
            fmt::format("{}{}\n    {}\n", text(module, "subtype"), aliases, text(module, "description"));
        for (const auto& option : module.value("options", json::array()))
            result += fmt::format("    ;{}={}  {}\n", text(option, "key"), text(option, "value"),
                                  text(option, "help"));
    }
    return result;
}

std::string status_text(const json& lun) {
    const auto counters = lun.value("counters", json::object());
    std::string result;
    const auto line = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) result += fmt::format("{:<16} {}\n", name, value);
    };
    line("LUN", full_name(lun));
    line("State", text(lun, "state"));
    line("Error", text(lun, "error"));
    line("Answers", text(lun, "answers"));
    line("Config", text(lun, "config"));
    line("Size", fmt::format("{} bytes ({}), blocks of {}", number(lun, "size_bytes"),
                             readable_size(number(lun, "size_bytes")), number(lun, "block_size_bytes")));
    line("Device", text(lun, "uio"));
    if (lun.contains("serving_thread"))
        line("Serving thread",
             fmt::format("{} ({}){}{}", number(lun, "serving_thread"), text(lun, "serving_kind"),
                         text(lun, "serving_cpus").empty() ? "" : ", on CPUs ", text(lun, "serving_cpus")));
    line("Commands",
         fmt::format("{} done, {} in flight, {} ended with an error", number(counters, "commands"),
                     number(counters, "in_flight"), number(counters, "errors")));
    if (lun.value("hung_commands", 0) != 0) {
        line("Hung", fmt::format("{} commands, the oldest for {:.0f} s: tcmuctl hung says where",
                                 number(lun, "hung_commands"), lun.value("oldest_command_seconds", 0.0)));
    } else if (number(counters, "in_flight") != 0) {
        line("Oldest command", fmt::format("{:.1f} s", lun.value("oldest_command_seconds", 0.0)));
    }
    line("Reads",
         fmt::format("{}, {}", number(counters, "reads"), readable_size(number(counters, "read_bytes"))));
    line("Writes",
         fmt::format("{}, {}", number(counters, "writes"), readable_size(number(counters, "written_bytes"))));
    line("Task management", fmt::format("{}", number(counters, "task_management")));
    line("Doorbells", fmt::format("{}", number(counters, "doorbells")));
    if (const auto count = number(counters, "replayed"); count != 0)
        line("Replayed", fmt::format("{} commands that a killed tcmud had begun", count));
    for (const auto& [title, key] : {std::pair{"Latency", "latency"}, {"Backend", "backend_latency"}}) {
        for (const auto* direction : {"read", "write", "other"}) {
            const auto latency = lun.value(key, json::object()).value(direction, json::object());
            const auto mean = mean_text(latency);
            if (!mean.empty()) line(fmt::format("{}, {}", title, direction), mean);
        }
    }
    line("Errors by key", listed_counts(lun.value("errors_by_sense_key", json::object())));
    line("Exports", lines_of(lun.value("exports", json::array()), export_text));
    line("Last errors", lines_of(lun.value("last_errors", json::array()), error_text));
    line("Not known", text(lun, "problem"));
    return result;
}

}  // namespace tcmud::ctl
