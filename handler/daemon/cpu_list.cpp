// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/cpu_list.hpp"

#include <unistd.h>

#include <charconv>
#include <fstream>

#include <fmt/format.h>

namespace tcmud::daemon {

namespace {

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value >= CPU_SETSIZE) return std::nullopt;
    return value;
}

}  // namespace

std::optional<CpuList> CpuList::parse(std::string_view text) {
    CpuList list;
    for (;;) {
        const auto comma = text.find(',');
        if (!list.add(text.substr(0, comma))) return std::nullopt;
        if (comma == std::string_view::npos) return list;
        text.remove_prefix(comma + 1);
    }
}

// "3" or "0-3".
bool CpuList::add(std::string_view range) {
    const auto dash = range.find('-');
    const auto first = number(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(range.substr(dash + 1));
    if (!first || !last || *last < *first) return false;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) CPU_SET(cpu, &set_);
    return true;
}

CpuList CpuList::online() {
    std::string line;
    std::getline(std::ifstream("/sys/devices/system/cpu/online") >> std::ws, line);
    if (const auto list = parse(line)) return *list;
    CpuList all;
    all.add(fmt::format("0-{}", ::sysconf(_SC_NPROCESSORS_CONF) - 1));
    return all;
}

std::string CpuList::text() const {
    std::string result;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!has(cpu)) continue;
        const auto first = cpu;
        while (cpu + 1 < CPU_SETSIZE && has(cpu + 1)) ++cpu;
        result += fmt::format("{}{}", result.empty() ? "" : ",", first);
        if (cpu != first) result += fmt::format("-{}", cpu);
    }
    return result;
}

std::optional<unsigned> CpuList::first_not_in(const CpuList& others) const {
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (has(cpu) && !others.has(cpu)) return cpu;
    }
    return std::nullopt;
}

}  // namespace tcmud::daemon
