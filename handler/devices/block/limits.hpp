// SPDX-License-Identifier: Apache-2.0
// What VPD page B0h promises of a disk's commands, for those who promise and those who check.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tcmud::devices {

inline constexpr unsigned compare_and_write_blocks = 255;
inline constexpr std::size_t unmap_descriptors = 256;
inline constexpr std::uint32_t unmap_blocks = 0xffff'ffff;  // Of one command: no limit but the field's.
inline constexpr std::uint32_t write_same_blocks = 0xffff'ffff;

}  // namespace tcmud::devices
