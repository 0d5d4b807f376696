// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/log.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

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
        if (line != last_ || now - since_ > window) {
            std::string result(line);
            if (suppressed_ > 0)
                result = fmt::format("(the line before came {} times more)\n{}", suppressed_, line);
            last_ = line;
            since_ = now;
            written_ = 1;
            suppressed_ = 0;
            return result;
        }
        if (written_ < burst) {
            ++written_;
            return std::string(line);
        }
        ++suppressed_;
        return {};
    }

private:
    static constexpr auto window = std::chrono::seconds(10);
    static constexpr int burst = 5;
    std::mutex mutex_;
    std::string last_;
    std::chrono::steady_clock::time_point since_;
    int written_ = 0;
    unsigned long suppressed_ = 0;
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
