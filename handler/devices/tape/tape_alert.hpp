// SPDX-License-Identifier: Apache-2.0
// The TapeAlert flags that a drive raises (SSC-5 annex A), by number.
#pragma once

#include <cstdint>

#include "handler/devices/tape_alert_flags.hpp"

namespace tcmud::devices {

enum class TapeAlert : std::uint8_t {
    read_failure = 5,
    write_failure = 6,
    write_protect = 9,
    no_removal = 10,
    cleaning_media = 11,
    unsupported_format = 12,
    forced_eject = 16,
    read_only_format = 17,
};

constexpr std::uint64_t bit_of(TapeAlert alert) {
    return bit_of_flag(static_cast<unsigned>(alert));
}

inline constexpr std::uint64_t raised_tape_alerts =
    bit_of(TapeAlert::read_failure) | bit_of(TapeAlert::write_failure) | bit_of(TapeAlert::write_protect) |
    bit_of(TapeAlert::no_removal) | bit_of(TapeAlert::cleaning_media) |
    bit_of(TapeAlert::unsupported_format) | bit_of(TapeAlert::forced_eject) |
    bit_of(TapeAlert::read_only_format);

}  // namespace tcmud::devices
