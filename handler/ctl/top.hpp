// SPDX-License-Identifier: Apache-2.0
// What tcmuctl top shows: rates between two looks at the LUNs' counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tcmud::ctl {

// A LUN between two looks.
struct TopRow {
    std::string lun;
    std::string state;
    double reads = 0;  // In a second, as all that follows but the last.
    double writes = 0;
    double read_bytes = 0;
    double written_bytes = 0;
    double errors = 0;
    // Of all commands; below 0: there were none.
    double median_seconds = -1;
    double percentile_99_seconds = -1;
    std::uint64_t in_flight = 0;

    double commands() const { return reads + writes; }
    double bytes() const { return read_bytes + written_bytes; }
};

enum class TopOrder { name, commands, bytes, latency, queue };

// before, after: answers to GET /stats, so many seconds apart. A LUN that was not there before is there with
// what it has done since it was made.
std::vector<TopRow> top_rows(const nlohmann::json& before, const nlohmann::json& after, double seconds);

// Busiest first, or by name.
void sort_rows(std::vector<TopRow>& rows, TopOrder order);

struct TopShape {
    std::size_t width = 80;
    std::size_t height = 0;  // Lines; 0: as many as there are.
    TopOrder order = TopOrder::commands;
};

// Lines of at most that width. heading: what stands above the table.
std::string top_text(const std::vector<TopRow>& rows, const std::string& heading, const TopShape& shape);

// "950us", "1.2ms", "13s"; "-" for less than 0.
std::string short_time(double seconds);
// At most five characters: "0", "3.2", "980", "12.3k", "1.2M".
std::string short_number(double number);

}  // namespace tcmud::ctl
