// SPDX-License-Identifier: Apache-2.0
// How a command ended: what the initiator is told.
#pragma once

#include <cstdint>
#include <limits>

#include "handler/scsi/sense.hpp"
#include "tcmud/units.hpp"

namespace tcmud::scsi {

// SAM-5 5.3
enum class Status : std::uint8_t {
    good = 0x00,
    check_condition = 0x02,
    busy = 0x08,
    task_set_full = 0x28,
    task_aborted = 0x40,
};

struct Outcome {
    Status status = Status::good;
    Sense sense{};
    // Bytes of data-in that are this command's. What the initiator's buffer has beyond them reaches it as
    // zeros or not at all.
    std::uint64_t data_length = 0;

    constexpr bool operator==(const Outcome&) const = default;

    // No data, or data-in of that many bytes.
    static constexpr Outcome good(ByteCount data_in = ByteCount{0}) {
        return {Status::good, {}, raw(data_in)};
    }
    // The buffer holds what the initiator sent; there is nothing in it to hide.
    static constexpr Outcome data_out_taken() {
        return {Status::good, {}, std::numeric_limits<std::uint64_t>::max()};
    }
    // To an initiator that does not wait any more.
    static constexpr Outcome aborted() { return {Status::task_aborted, {}, 0}; }
    static constexpr Outcome check(Sense sense) { return {Status::check_condition, sense, 0}; }
};

}  // namespace tcmud::scsi
