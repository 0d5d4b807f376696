// SPDX-License-Identifier: Apache-2.0
// What is counted of a LUN while it is served, as it was at one moment.
#pragma once

#include <array>
#include <cstdint>

#include "handler/serving/served_lun.hpp"

namespace tcmud::daemon {

struct LunCounters {
    std::uint64_t commands = 0;
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t errors = 0;
    std::uint64_t task_management = 0;
    std::uint64_t doorbells = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t turns_that_found = 0;
    std::uint64_t turns_that_took = 0;
    std::array<std::uint64_t, serving::group_names.size()> by_group{};
    std::array<std::uint64_t, 16> errors_by_sense_key{};
    std::uint64_t errors_without_sense = 0;
    std::uint64_t resets = 0;
    std::uint64_t aborts = 0;
    std::uint64_t replayed = 0;
    // By serving::Direction.
    using Latencies = std::array<serving::Latency::Snapshot, serving::direction_names.size()>;
    Latencies latency{};
    bool backend_is_measured = true;
    Latencies backend_latency{};
};

inline LunCounters counters_of(const serving::ServedLun& lun) {
    const auto& from = lun.counters();
    LunCounters to;
    to.commands = serving::value(from.commands);
    to.reads = serving::value(from.reads);
    to.writes = serving::value(from.writes);
    to.read_bytes = serving::value(from.read_bytes);
    to.written_bytes = serving::value(from.written_bytes);
    to.errors = serving::value(from.errors);
    to.task_management = serving::value(from.task_management);
    to.doorbells = serving::value(from.doorbells);
    to.in_flight = serving::value(from.in_flight);
    to.turns_that_found = serving::value(from.turns_that_found);
    to.turns_that_took = serving::value(from.turns_that_took);
    for (std::size_t i = 0; i < to.by_group.size(); ++i) to.by_group[i] = serving::value(from.by_group[i]);
    for (std::size_t i = 0; i < to.errors_by_sense_key.size(); ++i)
        to.errors_by_sense_key[i] = serving::value(from.errors_by_sense_key[i]);
    to.errors_without_sense = serving::value(from.errors_without_sense);
    to.resets = serving::value(from.resets);
    to.aborts = serving::value(from.aborts);
    to.replayed = serving::value(from.replayed);
    for (std::size_t i = 0; i < to.latency.size(); ++i) {
        to.latency[i] = from.latency[i].snapshot();
        const auto* backend = lun.backend_latency(static_cast<serving::Direction>(i));
        to.backend_is_measured = backend != nullptr;
        if (backend) to.backend_latency[i] = backend->snapshot();
    }
    return to;
}

}  // namespace tcmud::daemon
