// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/machine_findings.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/ctl/small_file.hpp"
#include "handler/ctl/tables.hpp"

namespace tcmud::ctl {

namespace {

namespace fs = std::filesystem;
using Findings = std::vector<Finding>;

constexpr auto start_tcmud = "systemctl start tcmud";

struct Version {
    int major = 0;
    int minor = 0;
    auto operator<=>(const Version&) const = default;
};

Version version_of(const std::string& release) {
    Version version;
    if (std::sscanf(release.c_str(), "%d.%d", &version.major, &version.minor) != 2) return {};
    return version;
}

std::vector<Process> processes(const fs::path& root) {
    std::vector<Process> found;
    for (const auto& entry : entries_of(root / "proc")) {
        const auto number = std::atoi(entry.filename().c_str());
        if (number > 0) found.push_back({number, line_of(entry / "comm")});
    }
    return found;
}

// "tcmu-runner.service"; empty if it is no service.
std::string unit_of(const fs::path& root, pid_t process) {
    const auto line = line_of(root / "proc" / std::to_string(process) / "cgroup");
    const auto last = line.substr(line.rfind('/') + 1);
    return last.ends_with(".service") ? last : "";
}

// Whether the kernel's packages have a module, loaded or built in; true where they don't say.
bool kernel_has(const Machine& machine, const std::string& module) {
    const auto directory = machine.root / "lib/modules" / machine.kernel_release;
    const auto all = text_of(directory / "modules.dep") + text_of(directory / "modules.builtin");
    return all.empty() || all.find(module) != std::string::npos;
}

void look_at_modules(const Machine& machine, Findings& findings) {
    if (!fs::exists(machine.root / "sys/kernel/config/target") &&
        text_of(machine.root / "proc/mounts").find(" configfs ") == std::string::npos)
        findings.push_back({true, "configfs is not mounted: nobody can make LUNs",
                            "modprobe configfs && mount -t configfs configfs /sys/kernel/config"});
    if (fs::exists(machine.root / "sys/module/target_core_user")) return;
    if (kernel_has(machine, "target_core_user")) {
        findings.push_back({true, "the kernel module target_core_user is not loaded: there can be no LUNs",
                            "modprobe target_core_user"});
    } else {
        findings.push_back({true,
                            fmt::format("the kernel {} has no module target_core_user (CONFIG_TCM_USER2): "
                                        "boot another one",
                                        machine.kernel_release),
                            "apt-get install linux-image-$(dpkg --print-architecture)"});
    }
}

void look_at_kernel(const Machine& machine, Findings& findings) {
    const auto version = version_of(machine.kernel_release);
    if (version == Version{}) return;
    if (version < Version{4, 19}) {
        findings.push_back(
            {true, fmt::format("the kernel {} is older than 4.19: who waits for a daemon that has "
                               "gone waits for ever, and reads cannot be short",
                               machine.kernel_release)});
    } else if (version < Version{5, 10}) {
        findings.push_back(
            {false, fmt::format("the kernel {} is older than 5.10: tcmud is not told of aborts and "
                                "resets, which wait for the commands that they concern",
                                machine.kernel_release)});
    }
}

void look_at_netlink(const Machine& machine, bool daemon_answers, Findings& findings) {
    const fs::path parameters = "/sys/module/target_core_user/parameters";
    const auto blocked = line_of(machine.root / parameters.relative_path() / "block_netlink");
    if (blocked == "1" || blocked == "Y")
        findings.push_back({true, "the kernel tells no daemon of LUNs: block_netlink is 1",
                            fmt::format("echo 0 >{}/block_netlink", parameters.string())});
    for (const auto& writer : machine.stuck_writers) {
        // A tcmud that starts frees them, and answers whoever comes next.
        const auto mend =
            daemon_answers
                ? fmt::format(
                      "cd {} && echo 1 >block_netlink && echo 1 >reset_netlink; echo 0 >block_netlink",
                      parameters.string())
                : std::string(start_tcmud);
        findings.push_back(
            {true,
             fmt::format(
                 "process {} ({}) made, changed or removed a LUN and waits in the kernel, which waits "
                 "for a daemon's answer",
                 writer.id, writer.name),
             mend});
    }
}

void look_for_daemon(const Machine& machine, bool answers, Findings& findings) {
    if (answers) return;
    const auto all = processes(machine.root);
    const auto running = std::ranges::find(all, "tcmud", &Process::name);
    if (running == all.end()) {
        findings.push_back({true, "no tcmud runs: commands on its LUNs wait", start_tcmud});
    } else {
        findings.push_back(
            {true,
             fmt::format("tcmud runs (process {}) and does not answer on its control socket", running->id),
             "systemctl restart tcmud"});
    }
}

void look_for_others(const Machine& machine, Findings& findings) {
    for (const auto& process : processes(machine.root)) {
        const bool owner = process.id == machine.bus_owner;
        if (process.name == "tcmud" || (!owner && process.name != "tcmu-runner")) continue;
        const auto unit = unit_of(machine.root, process.id);
        const auto what =
            fmt::format("process {} ({}{}{}) ", process.id, process.name, unit.empty() ? "" : ", ", unit);
        findings.push_back(
            {true,
             what + (owner ? "owns org.kernel.TCMUService1 on the system bus: targetcli asks it instead of "
                             "tcmud, and what it serves is left to it"
                           : "is another TCMU daemon: what it serves is left to it"),
             unit.empty() ? fmt::format("kill {}", process.id)
                          : fmt::format("systemctl disable --now {}", shell_word(unit))});
    }
}

// The kernel writes there what reservations and port groups are to survive a power failure.
void look_at_dbroot(const Machine& machine, Findings& findings) {
    const auto target = machine.root / "sys/kernel/config/target";
    if (!fs::exists(target)) return;
    auto directory = line_of(target / "dbroot");
    if (directory.empty()) directory = "/var/target";
    std::string missing;
    for (const auto* name : {"pr", "alua"}) {
        if (!fs::is_directory(machine.root / fs::path(directory).relative_path() / name))
            missing += (missing.empty() ? "" : " ") + shell_word(directory + "/" + name);
    }
    if (missing.empty()) return;
    findings.push_back(
        {true,
         fmt::format("{} missing: persistent reservations with APTPL and changes of target "
                     "port groups fail",
                     missing.find(' ') == std::string::npos ? missing + " is" : missing + " are"),
         "mkdir -p " + missing});
}

// The soft limit of a line of /proc/PID/limits; nullopt: unlimited, or not there.
std::optional<std::uint64_t> limit_of(const std::string& limits, std::string_view name) {
    const auto at = limits.find(name);
    if (at == std::string::npos) return std::nullopt;
    const auto rest = limits.substr(at + name.size());
    const auto digit = rest.find_first_not_of(' ');
    if (digit == std::string::npos || rest[digit] < '0' || rest[digit] > '9') return std::nullopt;
    return std::strtoull(rest.c_str() + digit, nullptr, 10);
}

void look_at_limits(const Machine& machine, const nlohmann::json& daemon, Findings& findings) {
    const auto process = daemon.value("process_id", 0);
    if (process == 0) return;
    const auto limits = text_of(machine.root / "proc" / std::to_string(process) / "limits");
    const auto luns = daemon.value("luns", std::uint64_t{0});
    // A LUN has a UIO device, another descriptor of it, its file, and a moment's more while it is opened.
    constexpr std::uint64_t for_itself = 256;
    constexpr std::uint64_t for_a_lun = 4;
    const auto needed = for_itself + for_a_lun * luns;
    if (const auto files = limit_of(limits, "Max open files"); files && *files < needed)
        findings.push_back(
            {true,
             fmt::format("tcmud may open {} files only, with {} LUNs: LimitNOFILE= of its unit "
                         "is to be 65536",
                         *files, luns),
             fmt::format("prlimit --pid {} --nofile=65536:65536", process)});
    if (limit_of(limits, "Max locked memory"))
        findings.push_back({false,
                            "tcmud may not lock all of its memory: LimitMEMLOCK= of its unit is to be "
                            "infinity, so that it works when memory is short"});
}

}  // namespace

std::vector<Process> waiting_writers(const fs::path& root) {
    std::vector<Process> found;
    for (const auto& process : processes(root)) {
        const auto directory = root / "proc" / std::to_string(process.id);
        // The function in which it sleeps; where the kernel does not tell it, all functions on its stack.
        const auto where = line_of(directory / "wchan");
        if (where.starts_with("tcmu_") || text_of(directory / "stack").find(" tcmu_") != std::string::npos)
            found.push_back(process);
    }
    return found;
}

std::vector<Finding> machine_findings(const Machine& machine, const nlohmann::json& daemon) {
    Findings findings;
    look_at_modules(machine, findings);
    look_at_kernel(machine, findings);
    look_for_daemon(machine, !daemon.is_null(), findings);
    look_at_netlink(machine, !daemon.is_null(), findings);
    look_for_others(machine, findings);
    look_at_dbroot(machine, findings);
    if (daemon.is_object()) look_at_limits(machine, daemon, findings);
    return findings;
}

std::vector<Finding> served_findings(const nlohmann::json& luns) {
    Findings findings;
    for (const auto& lun : luns) {
        const auto name = full_name(lun);
        if (const auto error = lun.value("error", std::string()); !error.empty())
            findings.push_back({true, fmt::format("{} is not served: {}", name, error)});
        if (const auto hung = lun.value("hung_commands", 0); hung != 0)
            findings.push_back(
                {true, fmt::format("{}: {} of its commands hang, the oldest for {:.0f} s: tcmuctl "
                                   "hung says where",
                                   name, hung, lun.value("oldest_command_seconds", 0.0))});
    }
    return findings;
}

}  // namespace tcmud::ctl
