// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "handler/daemon/serving_threads.hpp"

namespace tcmud::daemon {

class Modules;

// What is told of the process.
struct DaemonReport {
    std::string version;
    std::string build_id;
    std::vector<std::string> subtypes;
    std::vector<ServingThreadReport> serving_threads;
    std::size_t stuck_workers = 0;
    std::string scheduler_weight;          // By what the weight of serving threads is moved.
    std::size_t held_serving_threads = 0;  // Now, by calls on file systems that do not answer.
    std::size_t luns = 0;
    pid_t process_id = 0;
    double cpu_seconds = 0;  // User and system, so far.
    std::string log_level = {};
};

// All of it but what the daemon's own parts know: the workers and the LUNs.
DaemonReport report_of(const Modules& modules, const ServingThreads& threads);

}  // namespace tcmud::daemon
