// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "handler/daemon/serving_threads.hpp"

namespace tcmud::daemon {

// What is told of the process.
struct DaemonReport {
    std::string version;
    std::string build_id;
    std::vector<std::string> subtypes;
    std::vector<ServingThreadReport> serving_threads;
    std::size_t stuck_workers = 0;
    std::string scheduler_weight;          // By what the weight of serving threads is moved.
    std::size_t held_serving_threads = 0;  // Now, by calls on file systems that do not answer.
};

}  // namespace tcmud::daemon
