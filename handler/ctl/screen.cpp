// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/screen.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/ctl/client.hpp"

namespace tcmud::ctl {

namespace {

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t resized = 0;
volatile std::sig_atomic_t asked_to_end = 0;

// The alternate screen without a cursor, keys as they are pressed; all as before when it ends.
class Terminal {
public:
    Terminal() {
        ::tcgetattr(STDIN_FILENO, &before_);
        auto raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        std::cout << "\033[?1049h\033[?25l" << std::flush;
        struct sigaction action {};
        action.sa_handler = [](int) { resized = 1; };
        ::sigaction(SIGWINCH, &action, nullptr);
        action.sa_handler = [](int) { asked_to_end = 1; };
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() {
        std::cout << "\033[?25h\033[?1049l" << std::flush;
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }

    static TopShape shape() {
        winsize size{};
        TopShape shape;
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return shape;
        shape.width = size.ws_col;
        shape.height = size.ws_row;
        return shape;
    }
    // Without a moment in which nothing is shown.
    static void show(std::string text) {
        if (!text.empty()) text.pop_back();  // A newline on the last line would scroll.
        std::string lines = "\033[H";
        for (const char each : text) lines += each == '\n' ? std::string("\033[K\n") : std::string(1, each);
        std::cout << lines << "\033[K\033[J" << std::flush;
    }
    // The key that is pressed within the time; nullopt: none, or something else has happened.
    static std::optional<char> key(std::chrono::milliseconds at_most) {
        pollfd polled{STDIN_FILENO, POLLIN, 0};
        char pressed = 0;
        const auto time = static_cast<int>(std::max<std::chrono::milliseconds::rep>(at_most.count(), 0));
        if (::poll(&polled, 1, time) <= 0) return std::nullopt;
        // Its terminal is gone.
        if (::read(STDIN_FILENO, &pressed, 1) != 1) return 'q';
        return pressed;
    }

private:
    termios before_{};
};

struct Look {
    json luns;
    json daemon;
    Clock::time_point at;
};

Result<Look> look(const std::filesystem::path& socket) {
    auto daemon = get(socket, "/daemon");
    if (!daemon) return tl::unexpected(daemon.error());
    auto luns = get(socket, "/stats");
    if (!luns) return tl::unexpected(luns.error());
    return Look{std::move(*luns), std::move(*daemon), Clock::now()};
}

double seconds_between(const Look& before, const Look& after) {
    return std::max(std::chrono::duration<double>(after.at - before.at).count(), 1e-3);
}

std::string heading(const Look& before, const Look& after, std::string_view keys) {
    const auto cpu = after.daemon.value("cpu_seconds", 0.0) - before.daemon.value("cpu_seconds", 0.0);
    return fmt::format("tcmud {:%H:%M:%S}  LUNs: {}  threads: {}  CPU: {:.0f} %{}",
                       fmt::localtime(std::time(nullptr)), after.luns.size(),
                       after.daemon.value("serving_threads", 0),
                       std::max(cpu, 0.0) / seconds_between(before, after) * 100, keys);
}

std::string screen(const Look& before, const Look& after, const TopShape& shape, std::string_view keys) {
    auto rows = top_rows(before.luns, after.luns, seconds_between(before, after));
    sort_rows(rows, shape.order);
    return top_text(rows, heading(before, after, keys), shape);
}

std::optional<TopOrder> order_of(char key) {
    switch (key) {
        case 'n': return TopOrder::name;
        case 'i': return TopOrder::commands;
        case 'm': return TopOrder::bytes;
        case 'l': return TopOrder::latency;
        case 'd': return TopOrder::queue;
        default: return std::nullopt;
    }
}

}  // namespace

Result<void> show_top(const std::filesystem::path& socket, std::chrono::milliseconds interval,
                      TopOrder order) {
    const bool refreshing = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
    auto before = look(socket);
    if (!before) return tl::unexpected(before.error());
    auto after = before;
    if (!refreshing) {
        ::poll(nullptr, 0, static_cast<int>(interval.count()));
        after = look(socket);
        if (!after) return tl::unexpected(after.error());
        TopShape shape;
        shape.order = order;
        std::cout << screen(*before, *after, shape, "");
        return {};
    }
    const Terminal terminal;
    constexpr auto keys = "  sort: n i m l d  end: q";
    // A daemon that is being restarted is waited for.
    std::string problem;
    auto next = Clock::now() + interval;
    while (asked_to_end == 0) {
        resized = 0;
        auto shape = Terminal::shape();
        shape.order = order;
        Terminal::show(problem.empty() ? screen(*before, *after, shape, keys) : problem + "\n");
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now());
        const auto key = Terminal::key(left);
        if (key == 'q') break;
        if (key) order = order_of(*key).value_or(order);
        if (key || resized != 0 || Clock::now() < next) continue;
        next = Clock::now() + interval;
        auto now = look(socket);
        problem = now ? "" : now.error().text;
        if (now) before = std::exchange(after, std::move(now));
    }
    return {};
}

}  // namespace tcmud::ctl
