// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/report_json.hpp"

#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tcmud::daemon {

namespace {

using json = nlohmann::json;

double seconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double>(std::chrono::duration_cast<std::chrono::milliseconds>(duration))
        .count();
}

std::string_view kind_of(const ServingThreadReport& thread) {
    return thread.kind == serving::LoopKind::io_uring ? "io_uring" : "inline";
}

json describe(const ServingThreadReport& thread) {
    return {{"name", thread.name},
            {"number", thread.number},
            {"kind", kind_of(thread)},
            {"luns", thread.luns},
            {"cpus", thread.cpus}};
}

// Buckets end at 1, 2, 4, 8 ... microseconds; the last one has all that is longer.
json describe(const LunCounters::Latencies& latencies) {
    json result = json::object();
    for (std::size_t i = 0; i < latencies.size(); ++i) {
        result[std::string(serving::direction_names[i])] = {
            {"buckets", latencies[i].counts},
            {"count", latencies[i].count()},
            {"seconds", static_cast<double>(latencies[i].nanoseconds) / 1e9}};
    }
    return result;
}

// By a name; what there was none of is left out.
template <class Counts, class Name>
json described_counts(const Counts& counts, Name name) {
    json result = json::object();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0) result[std::string(name(i))] = counts[i];
    }
    return result;
}

json describe(const serving::ErrorReport& error) {
    std::string cdb;
    for (std::size_t i = 0; i < error.cdb_length; ++i)
        cdb += fmt::format("{}{:02x}", i == 0 ? "" : " ", static_cast<unsigned>(error.cdb[i]));
    json result{{"time", std::chrono::duration<double>(error.when.time_since_epoch()).count()},
                {"command", error.name},
                {"cdb", cdb},
                {"status", static_cast<unsigned>(error.status)}};
    if (error.status != scsi::Status::check_condition) return result;
    result["sense_key"] = scsi::name_of(error.sense.key);
    result["asc"] = error.sense.asc;
    result["ascq"] = error.sense.ascq;
    return result;
}

}  // namespace

json describe(const BackendModule& module) {
    json options = json::array();
    for (const auto& option : module.options()) {
        using Kind = OptionInfo::Kind;
        const auto* const kind = option.kind == Kind::flag     ? "on|off"
                                 : option.kind == Kind::number ? "number"
                                                               : "text";
        options.push_back({{"key", option.key}, {"value", kind}, {"help", option.help}});
    }
    return {{"subtype", module.subtype()},
            {"aliases", std::vector<std::string>(module.aliases().begin(), module.aliases().end())},
            {"description", module.description()},
            {"options", std::move(options)}};
}

json describe_with_latencies(const LunReport& lun) {
    auto result = describe(lun);
    result["latency"] = describe(lun.counters.latency);
    if (lun.counters.backend_is_measured) result["backend_latency"] = describe(lun.counters.backend_latency);
    return result;
}

json describe(const LunDetails& lun) {
    auto result = describe_with_latencies(lun.report);
    auto& exports = result["exports"] = json::array();
    for (const auto& each : lun.exports)
        exports.push_back(
            {{"fabric", each.fabric}, {"wwn", each.wwn}, {"group", each.group}, {"lun", each.lun}});
    auto& errors = result["last_errors"] = json::array();
    for (const auto& error : lun.last_errors) errors.push_back(describe(error));
    if (!lun.problem.empty()) result["problem"] = lun.problem;
    return result;
}

json describe(const LunReport& lun) {
    json result{
        {"hba", lun.name.hba},
        {"name", lun.name.device},
        {"config", lun.config},
        {"uio", fmt::format("uio{}", lun.minor)},
        {"state", name_of(lun.state)},
        {"size_bytes", raw(lun.size)},
        {"block_size_bytes", lun.block_size.bytes},
        {"counters",
         {{"commands", lun.counters.commands},
          {"reads", lun.counters.reads},
          {"writes", lun.counters.writes},
          {"read_bytes", lun.counters.read_bytes},
          {"written_bytes", lun.counters.written_bytes},
          {"errors", lun.counters.errors},
          {"task_management", lun.counters.task_management},
          {"doorbells", lun.counters.doorbells},
          {"in_flight", lun.counters.in_flight},
          {"turns_that_found", lun.counters.turns_that_found},
          {"turns_that_took", lun.counters.turns_that_took},
          {"resets", lun.counters.resets},
          {"aborts", lun.counters.aborts},
          {"replayed", lun.counters.replayed},
          {"open_retries", lun.open_retries},
          {"ring_resets", lun.ring_resets}}},
    };
    result["commands_by_group"] =
        described_counts(lun.counters.by_group, [](std::size_t i) { return serving::group_names[i]; });
    result["errors_by_sense_key"] = described_counts(lun.counters.errors_by_sense_key, [](std::size_t i) {
        return scsi::name_of(static_cast<scsi::SenseKey>(i));
    });
    result["oldest_command_seconds"] = seconds(lun.oldest_command);
    result["hung_commands"] = lun.hung_commands;
    if (lun.serving_thread) {
        result["serving_thread"] = lun.serving_thread->number;
        result["serving_kind"] = kind_of(*lun.serving_thread);
        result["serving_cpus"] = lun.serving_thread->cpus;
    }
    if (!lun.error.empty()) result["error"] = lun.error;
    if (lun.absent) result["answers"] = "NOT READY";
    return result;
}

json describe(const DaemonReport& daemon) {
    json threads = json::array();
    for (const auto& thread : daemon.serving_threads) threads.push_back(describe(thread));
    return {{"version", daemon.version},
            {"build_id", daemon.build_id},
            {"subtypes", daemon.subtypes},
            {"serving_threads", daemon.serving_threads.size()},
            {"threads", threads},
            {"stuck_workers", daemon.stuck_workers},
            {"luns", daemon.luns},
            {"process_id", daemon.process_id},
            {"cpu_seconds", daemon.cpu_seconds},
            {"log_level", daemon.log_level},
            {"scheduler_weight", daemon.scheduler_weight},
            {"held_serving_threads", daemon.held_serving_threads}};
}

json describe(const HungReport& report) {
    json commands = json::array();
    for (const auto& [lun, command] : report.commands) {
        commands.push_back({{"lun", lun},
                            {"command", name_of(command)},
                            {"cdb", cdb_text(command)},
                            {"age_seconds", seconds(command.age)},
                            {"aborted", command.aborted},
                            {"waits", command.waits + thread_text(command.thread)}});
        if (command.thread != 0) commands.back()["thread"] = command.thread;
    }
    json silent = json::array();
    for (const auto& lun : report.silent) {
        silent.push_back({{"lun", lun.lun},
                          {"in_flight", lun.in_flight},
                          {"waits", "its serving thread does not answer" + thread_text(lun.thread)}});
        if (lun.thread != 0) silent.back()["thread"] = lun.thread;
    }
    return {{"older_than_seconds", seconds(report.older_than)},
            {"commands", std::move(commands)},
            {"not_listed", report.not_listed},
            {"silent", std::move(silent)}};
}

}  // namespace tcmud::daemon
