// SPDX-License-Identifier: Apache-2.0
// Units as types: blocks and bytes never meet without a block size.
#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>

namespace tcmud {

enum class Lba : std::uint64_t {};         // A logical block address.
enum class BlockCount : std::uint64_t {};  // A number of logical blocks.
enum class ByteOffset : std::uint64_t {};  // A position on a medium, in bytes from its start.
enum class ByteCount : std::uint64_t {};   // A length in bytes.

// The length of a logical block in bytes; never 0.
struct BlockSize {
    std::uint32_t bytes = 512;
    auto operator<=>(const BlockSize&) const = default;
};

template <class Unit>
concept CountingUnit = std::is_same_v<Unit, Lba> || std::is_same_v<Unit, BlockCount> ||
    std::is_same_v<Unit, ByteOffset> || std::is_same_v<Unit, ByteCount>;

template <CountingUnit Unit>
constexpr std::uint64_t raw(Unit value) {
    return static_cast<std::uint64_t>(value);
}

// REQUIRES: the product fits in 64 bits, as it does for every range that fits() accepted.
constexpr ByteOffset operator*(Lba lba, BlockSize size) {
    return ByteOffset{raw(lba) * size.bytes};
}
constexpr ByteCount operator*(BlockCount count, BlockSize size) {
    return ByteCount{raw(count) * size.bytes};
}
// Rounds down.
constexpr BlockCount operator/(ByteCount bytes, BlockSize size) {
    return BlockCount{raw(bytes) / size.bytes};
}

constexpr Lba operator+(Lba lba, BlockCount count) {
    return Lba{raw(lba) + raw(count)};
}
constexpr BlockCount operator-(Lba end, Lba first) {
    return BlockCount{raw(end) - raw(first)};
}
constexpr ByteOffset operator+(ByteOffset at, ByteCount bytes) {
    return ByteOffset{raw(at) + raw(bytes)};
}
constexpr ByteCount operator-(ByteOffset end, ByteOffset first) {
    return ByteCount{raw(end) - raw(first)};
}
constexpr ByteCount operator+(ByteCount a, ByteCount b) {
    return ByteCount{raw(a) + raw(b)};
}
constexpr ByteCount operator-(ByteCount a, ByteCount b) {
    return ByteCount{raw(a) - raw(b)};
}

// Written so that no LBA an initiator may send can overflow it.
constexpr bool fits(Lba first, BlockCount count, BlockCount capacity) {
    return raw(first) <= raw(capacity) && raw(count) <= raw(capacity) - raw(first);
}

constexpr bool fits(ByteOffset first, ByteCount count, ByteCount capacity) {
    return raw(first) <= raw(capacity) && raw(count) <= raw(capacity) - raw(first);
}

}  // namespace tcmud
