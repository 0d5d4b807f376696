// SPDX-License-Identifier: Apache-2.0
// tcmuctl top: the table again and again on a terminal, once anywhere else.
#pragma once

#include <chrono>
#include <filesystem>

#include "handler/ctl/top.hpp"
#include "tcmud/result.hpp"

namespace tcmud::ctl {

// Until somebody presses q. socket: the daemon's.
Result<void> show_top(const std::filesystem::path& socket, std::chrono::milliseconds interval,
                      TopOrder order);

}  // namespace tcmud::ctl
