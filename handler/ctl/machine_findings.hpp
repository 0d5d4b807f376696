// SPDX-License-Identifier: Apache-2.0
// What is wrong with a machine that is to serve LUNs: kernel, modules, daemons, limits. Reads /proc and /sys
// only, which never wait for anybody.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "handler/ctl/finding.hpp"

namespace tcmud::ctl {

struct Process {
    pid_t id = 0;
    std::string name;
    bool operator==(const Process&) const = default;
};

struct Machine {
    std::filesystem::path root = "/";
    std::string kernel_release;
    // Who owns org.kernel.TCMUService1 on the system bus; 0: nobody, or there is no bus.
    pid_t bus_owner = 0;
    std::vector<Process> stuck_writers;
};

// Processes that write to configfs and wait in the kernel for a daemon's answer, just now.
std::vector<Process> waiting_writers(const std::filesystem::path& root);

// daemon: what it answers to GET /daemon; null if it does not.
std::vector<Finding> machine_findings(const Machine& machine, const nlohmann::json& daemon);

// What the daemon itself knows to be wrong: the answer to GET /luns.
std::vector<Finding> served_findings(const nlohmann::json& luns);

}  // namespace tcmud::ctl
