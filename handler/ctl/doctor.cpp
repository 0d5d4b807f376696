// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/doctor.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <systemd/sd-bus.h>

#include "handler/ctl/client.hpp"
#include "handler/ctl/in_time.hpp"
#include "handler/ctl/lun_findings.hpp"
#include "handler/ctl/machine_findings.hpp"

namespace tcmud::ctl {

namespace {

using json = nlohmann::json;

// A daemon that is there answers the kernel in less, unless a backing store lets it wait.
constexpr auto writers_patience = std::chrono::seconds(3);
constexpr auto configfs_patience = std::chrono::seconds(5);

struct BusFree {
    void operator()(sd_bus* bus) const { ::sd_bus_flush_close_unref(bus); }
    void operator()(sd_bus_message* message) const { ::sd_bus_message_unref(message); }
};

// Asking the bus itself starts nobody.
pid_t bus_owner() {
    sd_bus* opened = nullptr;
    if (::sd_bus_open_system(&opened) < 0) return 0;
    const std::unique_ptr<sd_bus, BusFree> bus(opened);
    ::sd_bus_set_method_call_timeout(opened, 2'000'000);
    sd_bus_message* reply = nullptr;
    std::uint32_t owner = 0;
    const int error =
        ::sd_bus_call_method(opened, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                             "GetConnectionUnixProcessID", nullptr, &reply, "s", "org.kernel.TCMUService1");
    const std::unique_ptr<sd_bus_message, BusFree> owned(reply);
    if (error < 0 || ::sd_bus_message_read(reply, "u", &owner) < 0) return 0;
    return static_cast<pid_t>(owner);
}

// Those that waited all the time.
std::vector<Process> stuck_writers() {
    const std::filesystem::path root = "/";
    auto waiting = waiting_writers(root);
    const auto until = std::chrono::steady_clock::now() + writers_patience;
    while (!waiting.empty() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        const auto now = waiting_writers(root);
        std::erase_if(waiting, [&](const Process& one) { return std::ranges::find(now, one) == now.end(); });
    }
    return waiting;
}

json as_json(const std::vector<Finding>& findings) {
    json list = json::array();
    for (const auto& finding : findings) {
        json each{{"wrong", finding.wrong}, {"what", finding.what}};
        if (!finding.mend.empty()) each["mend"] = finding.mend;
        list.push_back(std::move(each));
    }
    return list;
}

std::string json_text(const json& value, int indent) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

std::vector<Finding> from_json(const json& list) {
    std::vector<Finding> findings;
    for (const auto& each : list)
        findings.push_back({each.value("wrong", true), each.value("what", ""), each.value("mend", "")});
    return findings;
}

}  // namespace

std::vector<Finding> examine(const std::filesystem::path& socket) {
    Machine machine;
    utsname names{};
    if (::uname(&names) == 0) machine.kernel_release = names.release;
    // Before there is another thread or process of ours that could be seen.
    machine.stuck_writers = stuck_writers();
    const auto of_luns = in_time(configfs_patience, [] { return json_text(as_json(lun_findings()), -1); });
    machine.bus_owner = bus_owner();
    const auto daemon = get(socket, "/daemon");
    auto findings = machine_findings(machine, daemon.value_or(nullptr));
    if (daemon) {
        for (auto& finding : served_findings(get(socket, "/luns").value_or(json::array())))
            findings.push_back(std::move(finding));
    }
    if (of_luns) {
        for (auto& finding : from_json(json::parse(*of_luns, nullptr, false)))
            findings.push_back(std::move(finding));
    } else if (machine.stuck_writers.empty()) {
        findings.push_back(
            {true, "configfs does not answer: somebody holds it (ps axo pid,stat,wchan:30,comm)"});
    }
    return findings;
}

std::string findings_text(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& finding : findings) {
        text += fmt::format("{}: {}\n", finding.wrong ? "wrong" : "harmless", finding.what);
        if (!finding.mend.empty()) text += fmt::format("    mend it: {}\n", finding.mend);
    }
    return text;
}

std::string findings_json(const std::vector<Finding>& findings) {
    return json_text(as_json(findings), 2) + "\n";
}

bool anything_wrong(const std::vector<Finding>& findings) {
    return std::ranges::any_of(findings, &Finding::wrong);
}

}  // namespace tcmud::ctl
