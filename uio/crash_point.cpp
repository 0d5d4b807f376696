// SPDX-License-Identifier: Apache-2.0
#include "uio/crash_point.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>

namespace tcmud::uio {

namespace {

CrashPoint wanted;
std::atomic<unsigned> passes_left{0};

void die_there(CrashPoint point) {
    if (point == wanted && passes_left.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
}

}  // namespace

bool crash_at(std::string_view where) {
    const auto colon = where.find(':');
    const auto name = std::ranges::find(crash_point_names, where.substr(0, colon));
    unsigned times = 1;
    if (colon != std::string_view::npos) {
        const auto number = where.substr(colon + 1);
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), times);
        if (error != std::errc{} || end != number.data() + number.size()) return false;
    }
    if (name == crash_point_names.end() || times == 0) return false;
    wanted = static_cast<CrashPoint>(name - crash_point_names.begin());
    passes_left = times;
    crash_hook = die_there;
    return true;
}

}  // namespace tcmud::uio
