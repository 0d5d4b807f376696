// SPDX-License-Identifier: Apache-2.0
// Work that may wait in the kernel for ever, done by a process that can be left behind.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace tcmud::ctl {

// What the work returns; nullopt: it did not end in time, or could not be begun. REQUIRES: the process has
// one thread.
std::optional<std::string> in_time(std::chrono::milliseconds at_most,
                                   const std::function<std::string()>& work);

}  // namespace tcmud::ctl
