// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/top.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/ctl/tables.hpp"

namespace tcmud::ctl {

namespace {

using json = nlohmann::json;

constexpr std::size_t figures_width = 54;  // Of the columns behind the name.
constexpr std::size_t least_name_width = 8;

// Buckets of a histogram end at powers of two of a microsecond.
using Buckets = std::vector<std::uint64_t>;

Buckets buckets_of(const json& lun) {
    Buckets sum;
    for (const auto& direction : lun.value("latency", json::object())) {
        const auto each = direction.value("buckets", Buckets{});
        sum.resize(std::max(sum.size(), each.size()));
        for (std::size_t i = 0; i < each.size(); ++i) sum[i] += each[i];
    }
    return sum;
}

// Within its bucket a value is taken to lie where the rank does.
double percentile(const Buckets& buckets, double part) {
    const auto all = std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
    if (all == 0) return -1;
    const auto rank = part * static_cast<double>(all);
    double below = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        const auto here = static_cast<double>(buckets[i]);
        const auto end = std::ldexp(1e-6, static_cast<int>(i));
        const auto begin = i == 0 ? 0 : end / 2;
        if (here > 0 && below + here >= rank) return begin + (end - begin) * (rank - below) / here;
        below += here;
    }
    return std::ldexp(1e-6, static_cast<int>(buckets.size()));
}

std::uint64_t counter(const json& lun, const char* name) {
    return lun.value("counters", json::object()).value(name, std::uint64_t{0});
}

TopRow row_of(const json& before, const json& after, double seconds) {
    // One that was opened again counts from the beginning.
    const auto rate = [&](const char* name) {
        const auto from = counter(before, name);
        const auto to = counter(after, name);
        return static_cast<double>(to < from ? to : to - from) / seconds;
    };
    TopRow row;
    row.lun = full_name(after);
    row.state = after.value("state", "");
    row.reads = rate("reads");
    row.writes = rate("writes");
    row.read_bytes = rate("read_bytes");
    row.written_bytes = rate("written_bytes");
    row.errors = rate("errors");
    row.in_flight = counter(after, "in_flight");
    auto buckets = buckets_of(after);
    const auto old = buckets_of(before);
    if (counter(after, "commands") >= counter(before, "commands")) {
        for (std::size_t i = 0; i < std::min(old.size(), buckets.size()); ++i)
            buckets[i] -= std::min(old[i], buckets[i]);
    }
    row.median_seconds = percentile(buckets, 0.5);
    row.percentile_99_seconds = percentile(buckets, 0.99);
    return row;
}

// Bytes of UTF-8 that are no beginning of a character take no column.
std::size_t columns(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char each) { return (static_cast<unsigned char>(each) & 0xc0) != 0x80; }));
}

// Cut at the end, and filled with blanks.
std::string fitted(const std::string& text, std::size_t width) {
    if (columns(text) <= width) return text + std::string(width - columns(text), ' ');
    std::string cut;
    for (const char each : text) {
        if ((static_cast<unsigned char>(each) & 0xc0) != 0x80 && columns(cut) == width - 1) break;
        cut += each;
    }
    return cut + "~";
}

std::string line_of_row(const TopRow& row, std::size_t name_width) {
    const auto name = fitted(row.lun, name_width);
    if (row.state != "serving") return fmt::format("{} {}", name, row.state);
    return fmt::format("{} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>5} {:>5}", name, short_number(row.reads),
                       short_number(row.writes), short_number(row.read_bytes / 1e6),
                       short_number(row.written_bytes / 1e6), short_time(row.median_seconds),
                       short_time(row.percentile_99_seconds), row.in_flight, short_number(row.errors));
}

}  // namespace

std::string short_time(double seconds) {
    if (seconds < 0) return "-";
    if (seconds < 0.9995e-3) return fmt::format("{:.0f}us", seconds * 1e6);
    if (seconds < 9.95e-3) return fmt::format("{:.1f}ms", seconds * 1e3);
    if (seconds < 0.9995) return fmt::format("{:.0f}ms", seconds * 1e3);
    return seconds < 9.95 ? fmt::format("{:.1f}s", seconds) : fmt::format("{:.0f}s", seconds);
}

std::string short_number(double number) {
    constexpr std::array units{"", "k", "M", "G", "T"};
    std::size_t unit = 0;
    while (number >= 9999.5 && unit + 1 < units.size()) {
        number /= 1000;
        ++unit;
    }
    if (number == 0) return "0";
    // Whole commands are shown as such; parts of one only where they are all that there is.
    const int digits = number < 9.95 ? 1 : unit != 0 && number < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f}{}", number, digits, units[unit]);
}

std::vector<TopRow> top_rows(const json& before, const json& after, double seconds) {
    std::map<std::string, const json*> old;
    for (const auto& lun : before) old[full_name(lun)] = &lun;
    const json nothing = json::object();
    std::vector<TopRow> rows;
    for (const auto& lun : after) {
        const auto found = old.find(full_name(lun));
        rows.push_back(row_of(found == old.end() ? nothing : *found->second, lun, seconds));
    }
    return rows;
}

void sort_rows(std::vector<TopRow>& rows, TopOrder order) {
    std::ranges::stable_sort(rows, {}, &TopRow::lun);
    const auto by = [&](auto figure) { std::ranges::stable_sort(rows, std::ranges::greater(), figure); };
    switch (order) {
        case TopOrder::name: break;
        case TopOrder::commands: by(&TopRow::commands); break;
        case TopOrder::bytes: by(&TopRow::bytes); break;
        case TopOrder::latency: by(&TopRow::percentile_99_seconds); break;
        case TopOrder::queue: by(&TopRow::in_flight); break;
    }
}

std::string top_text(const std::vector<TopRow>& rows, const std::string& heading, const TopShape& shape) {
    std::size_t longest = least_name_width;
    for (const auto& row : rows) longest = std::max(longest, columns(row.lun));
    const auto room = shape.width > figures_width ? shape.width - figures_width : least_name_width;
    const auto name_width = std::clamp(longest, least_name_width, std::max(room, least_name_width));
    std::vector<std::string> lines{heading, ""};
    lines.push_back(fmt::format("{} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>5} {:>5}",
                                fitted("LUN", name_width), "r/s", "w/s", "rMB/s", "wMB/s", "p50", "p99",
                                "queue", "err/s"));
    for (const auto& row : rows) lines.push_back(line_of_row(row, name_width));
    if (shape.height != 0 && lines.size() > shape.height) {
        const auto left_out = lines.size() - shape.height + 1;
        lines.resize(shape.height - 1);
        lines.push_back(fmt::format("and {} more", left_out));
    }
    std::string text;
    for (auto& line : lines) {
        if (columns(line) > shape.width) line = fitted(line, shape.width);
        text += line + "\n";
    }
    return text;
}

}  // namespace tcmud::ctl
