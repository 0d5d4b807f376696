// SPDX-License-Identifier: Apache-2.0
// What all serving threads of a process share. It outlives every loop.
#pragma once

#include <chrono>

#include "handler/serving/activity.hpp"
#include "handler/serving/carriers.hpp"
#include "handler/serving/file_systems.hpp"
#include "handler/serving/scheduler_weight.hpp"
#include "handler/serving/slow_calls.hpp"
#include "handler/serving/waiting_reader.hpp"

namespace tcmud::serving {

struct Shared {
    Activity activity;
    // How long serving threads may look at their rings before they sleep.
    std::chrono::microseconds busy_wait{0};
    SchedulerWeight weight;
    FileSystems file_systems;
    SlowCalls slow_calls;
    WaitingReader waiting_reader;
    Carriers carriers;
};

}  // namespace tcmud::serving
