// SPDX-License-Identifier: Apache-2.0
// How long a LUN waits for what; those that several of its files need.
#pragma once

#include <chrono>

namespace tcmud::daemon {

inline constexpr std::chrono::milliseconds first_retry{1000};
inline constexpr std::chrono::milliseconds change_patience{5000};
// The kernel removes a device only when none of its commands is left, so that this is long.
inline constexpr std::chrono::seconds drain_report{10};

}  // namespace tcmud::daemon
