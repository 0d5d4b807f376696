// SPDX-License-Identifier: Apache-2.0
// The flags of TapeAlert, of drives (SSC-5 annex A) and of changers (SMC-3 annex A), which each have their
// own.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tcmud::devices {

inline constexpr unsigned tape_alert_flags = 64;

// In MAM attribute 0002h, log page 12h and VPD page B2h the first flag is the most significant bit.
constexpr std::uint64_t bit_of_flag(unsigned flag) {
    return std::uint64_t{1} << (tape_alert_flags - flag);
}

// Those that log page 2Eh tells in so many bytes, from a parameter on. Whoever asks for the page's length
// first has not seen any.
constexpr std::uint64_t flags_told(unsigned from, std::uint64_t bytes) {
    constexpr std::uint64_t header = 4, parameter = 5;
    std::uint64_t told = 0;
    auto left = bytes;
    for (auto flag = std::max(from, 1u); flag <= tape_alert_flags && left >= header + parameter; ++flag) {
        told |= bit_of_flag(flag);
        left -= parameter;
    }
    return told;
}

static_assert(flags_told(0, 4 + 64 * 5) == ~std::uint64_t{0});
static_assert(flags_told(0, 4) == 0);
static_assert(flags_told(63, 4 + 5) == 2);

}  // namespace tcmud::devices
