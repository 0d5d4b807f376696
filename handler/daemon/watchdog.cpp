// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/watchdog.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <systemd/sd-daemon.h>

namespace tcmud::daemon {

namespace asio = boost::asio;

std::optional<std::chrono::microseconds> watchdog_interval(const char* watchdog_usec) {
    const std::string_view text = watchdog_usec ? watchdog_usec : "";
    std::uint64_t microseconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), microseconds);
    if (error != std::errc{} || end != text.data() + text.size() || microseconds < 2) return std::nullopt;
    return std::chrono::microseconds(microseconds / 2);
}

// WATCHDOG_PID, which sd_watchdog_enabled() compares, is that of a predecessor where this one has taken over.
asio::awaitable<void> calm_watchdog(asio::io_context& context) {
    const auto interval = watchdog_interval(std::getenv("WATCHDOG_USEC"));
    if (!interval) co_return;
    asio::steady_timer timer(context);
    for (;;) {
        ::sd_notify(0, "WATCHDOG=1");
        timer.expires_after(*interval);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace tcmud::daemon
