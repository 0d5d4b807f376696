// SPDX-License-Identifier: Apache-2.0
// Sizes as people write them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace tcmud::ctl {

// "1048576", "10G": bytes, or with K, M, G or T, powers of 1024.
constexpr std::optional<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::string_view units = "KMGT";
    std::uint64_t factor = 1;
    if (!text.empty()) {
        const auto unit = units.find(text.back());
        if (unit != std::string_view::npos) {
            factor <<= 10 * (unit + 1);
            text.remove_suffix(1);
        }
    }
    if (text.empty()) return std::nullopt;
    std::uint64_t number = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') return std::nullopt;
        const auto value = static_cast<std::uint64_t>(digit - '0');
        if (number > (std::numeric_limits<std::uint64_t>::max() - value) / 10) return std::nullopt;
        number = number * 10 + value;
    }
    if (number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return number * factor;
}

static_assert(parse_size("10G") == 10ull << 30);
static_assert(!parse_size("16777216T"));
static_assert(!parse_size("G") && !parse_size("-1") && !parse_size("1g"));

}  // namespace tcmud::ctl
