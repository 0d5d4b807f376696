// SPDX-License-Identifier: Apache-2.0
// Compares what an initiator sent with what the medium holds.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "tcmud/buffers.hpp"

namespace tcmud::devices {

// The offset, within `stored`, of the first byte that differs from the buffers behind `skip`.
inline std::optional<std::uint64_t> first_difference(Buffers sent, ByteCount skip,
                                                     std::span<const std::byte> stored) {
    std::uint64_t at = 0;
    std::optional<std::uint64_t> found;
    for_each_piece(sent, skip, ByteCount{stored.size()}, [&](std::span<std::byte> piece) {
        const auto other = stored.subspan(at, piece.size());
        if (!found && std::memcmp(piece.data(), other.data(), piece.size()) != 0) {
            const auto [mine, theirs] = std::ranges::mismatch(piece, other);
            found = at + static_cast<std::uint64_t>(mine - piece.begin());
        }
        at += piece.size();
    });
    return found;
}

// The same, with one block that every stored block should equal.
inline std::optional<std::uint64_t> first_difference_from_block(Buffers sent, BlockSize block_size,
                                                                std::span<const std::byte> stored) {
    for (std::uint64_t at = 0; at < stored.size(); at += block_size.bytes) {
        const auto size = std::min<std::uint64_t>(block_size.bytes, stored.size() - at);
        if (const auto found = first_difference(sent, ByteCount{0}, stored.subspan(at, size)))
            return at + *found;
    }
    return std::nullopt;
}

}  // namespace tcmud::devices
