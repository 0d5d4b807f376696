// SPDX-License-Identifier: Apache-2.0
// Numbers as they lie in a cartridge: little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tcmud::tape {

template <class Number>
void put(std::span<std::byte> bytes, std::size_t at, Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        bytes[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
}

template <class Number>
Number get(std::span<const std::byte> bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
    return static_cast<Number>(value);
}

}  // namespace tcmud::tape
