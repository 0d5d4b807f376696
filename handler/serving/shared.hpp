// SPDX-License-Identifier: Apache-2.0
// What all serving threads of a process share.
#pragma once

#include "handler/serving/scheduler_weight.hpp"

namespace tcmud::serving {

struct Shared {
    SchedulerWeight weight;
};

}  // namespace tcmud::serving
