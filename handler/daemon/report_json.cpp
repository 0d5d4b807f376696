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

}  // namespace

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
          {"turns_that_took", lun.counters.turns_that_took}}},
    };
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
