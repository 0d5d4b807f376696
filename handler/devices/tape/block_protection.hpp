// SPDX-License-Identifier: Apache-2.0
// Logical block protection (SSC-5 4.2.29): a checksum behind each block on its way.
#pragma once

#include <cstdint>

#include "tcmud/buffers.hpp"

namespace tcmud::devices {

// Method 2, CRC-32C.
inline constexpr std::uint8_t protection_method = 2;
inline constexpr std::uint32_t protection_length = 4;

// Of the part [skip, skip + length) of the buffers.
std::uint32_t crc32c(Buffers buffers, ByteCount skip, ByteCount length);

// Writes the checksum of a block that lies behind `skip` bytes, as far as there is room for it.
void append_protection(Buffers buffers, ByteCount skip, std::uint64_t block_length);
// Whether the checksum behind the block is the block's. REQUIRES: both lie within the buffers.
bool is_protected(Buffers buffers, ByteCount skip, std::uint64_t block_length);

}  // namespace tcmud::devices
