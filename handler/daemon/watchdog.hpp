// SPDX-License-Identifier: Apache-2.0
// Tells systemd's watchdog that the control thread runs. Control thread.
#pragma once

#include <chrono>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace tcmud::daemon {

// How often, for the value of WATCHDOG_USEC: twice in that time. Nothing: there is no watchdog.
std::optional<std::chrono::microseconds> watchdog_interval(const char* watchdog_usec);

// For as long as the daemon runs; ends at once if nobody watches it.
boost::asio::awaitable<void> calm_watchdog(boost::asio::io_context& context);

}  // namespace tcmud::daemon
