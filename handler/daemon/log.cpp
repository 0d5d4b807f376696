// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/log.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

namespace tcmud::log {

namespace {

struct Name {
    Level level;
    std::string_view name;
    spdlog::level::level_enum spdlog_level;
};
constexpr std::array names{
    Name{Level::debug, "debug", spdlog::level::debug},
    Name{Level::info, "info", spdlog::level::info},
    Name{Level::warning, "warning", spdlog::level::warn},
    Name{Level::error, "error", spdlog::level::err},
};
static_assert([] {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (static_cast<std::size_t>(names[i].level) != i) return false;
    }
    return true;
}());

const Name& entry(Level level) {
    return names[static_cast<std::size_t>(level)];
}

// Lines that repeat are written five times in ten seconds, then counted. An initiator must not be able to
// fill a disk.
class Repetition {
public:
    // The line to write, or nothing.
    std::string admit(std::string_view line) {
        const auto now = std::chrono::steady_clock::now();
        const std::lock_guard lock(mutex_);
        auto& recent = find(line);
        if (recent.line == line && now - recent.since <= window) {
            if (recent.written == burst) return ++recent.suppressed, std::string();
            return ++recent.written, std::string(line);
        }
        auto result = what_was_suppressed();
        recent = {std::string(line), now, 1, 0};
        return result += line;
    }

private:
    static constexpr auto window = std::chrono::seconds(10);
    static constexpr int burst = 5;
    struct Recent {
        std::string line;
        std::chrono::steady_clock::time_point since;
        int written = 0;
        int suppressed = 0;
    };

    // The line's place, or that of the one that began longest ago.
    Recent& find(std::string_view line) {
        const auto found = std::ranges::find(recent_, line, &Recent::line);
        return found != recent_.end() ? *found : *std::ranges::min_element(recent_, {}, &Recent::since);
    }

    std::string what_was_suppressed() {
        std::string notes;
        for (auto& recent : recent_) {
            if (const auto times = std::exchange(recent.suppressed, 0); times > 0)
                notes += fmt::format("(came {} times more: {})\n", times, recent.line);
        }
        return notes;
    }

    std::mutex mutex_;
    std::array<Recent, 16> recent_;
};

std::shared_ptr<spdlog::logger> make_logger() {
    if (std::getenv("JOURNAL_STREAM"))
        return spdlog::create<spdlog::sinks::systemd_sink_mt>("tcmud", "tcmud", true);
    auto logger = spdlog::create<spdlog::sinks::stderr_sink_mt>("tcmud");
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
    return logger;
}

spdlog::logger& logger() {
    static const auto instance = make_logger();
    return *instance;
}

}  // namespace

std::optional<Level> level_from(std::string_view name) {
    for (const auto& known : names) {
        if (known.name == name) return known.level;
    }
    return std::nullopt;
}

std::string_view name_of(Level level) {
    return entry(level).name;
}

void start(Level level) {
    set_level(level);
}

void set_level(Level level) {
    logger().set_level(entry(level).spdlog_level);
}

Level level() {
    const auto now = logger().level();
    for (const auto& known : names) {
        if (known.spdlog_level == now) return known.level;
    }
    return Level::info;
}

void write(Level level, std::string_view line) {
    static Repetition repetition;
    if (const auto admitted = repetition.admit(line); !admitted.empty()) {
        logger().log(entry(level).spdlog_level, admitted);
    }
}

}  // namespace tcmud::log
