// SPDX-License-Identifier: Apache-2.0
// The TapeAlert flags that a changer raises (SMC-3 annex A), by number.
#pragma once

#include <cstdint>

#include "handler/devices/tape_alert_flags.hpp"

namespace tcmud::devices {

enum class ChangerAlert : std::uint8_t {
    hardware_d = 4,  // A fault that is not mechanical: the store of the library failed.
    inventory = 24,  // What should be there is not as it should be.
};

constexpr std::uint64_t bit_of(ChangerAlert alert) {
    return bit_of_flag(static_cast<unsigned>(alert));
}

}  // namespace tcmud::devices
