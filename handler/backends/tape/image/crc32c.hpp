// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli), of each block and each header of a cartridge, as fast as the machine computes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tcmud/buffers.hpp"

namespace tcmud::tape {

class Crc32c {
public:
    void add(std::span<const std::byte> bytes);
    std::uint32_t value() const { return ~state_; }

private:
    std::uint32_t state_ = ~std::uint32_t{0};
};

std::uint32_t crc32c(std::span<const std::byte> bytes);
// Of a part of scattered memory.
std::uint32_t crc32c(Buffers buffers, ByteCount skip, ByteCount length);

// The ways that there are, to compare them; nullopt: this machine has it not.
enum class CrcWay { portable, by_instruction, by_products };
std::optional<std::uint32_t> crc32c(CrcWay way, std::span<const std::byte> bytes);

}  // namespace tcmud::tape
