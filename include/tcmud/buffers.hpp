// SPDX-License-Identifier: Apache-2.0
// Scattered memory: the pieces of a command's data as they lie in the kernel's data area.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "tcmud/units.hpp"

namespace tcmud {

using Buffers = std::span<const iovec>;

inline ByteCount total(Buffers buffers) {
    std::uint64_t sum = 0;
    for (const auto& piece : buffers) sum += piece.iov_len;
    return ByteCount{sum};
}

// Calls visit(std::span<std::byte>) for each piece of [skip, skip + length); what lies beyond the end is not
// visited. Returns the number of bytes visited.
template <class Visit>
ByteCount for_each_piece(Buffers buffers, ByteCount skip, ByteCount length, Visit&& visit) {
    std::uint64_t to_skip = raw(skip);
    std::uint64_t left = raw(length);
    for (const auto& piece : buffers) {
        if (left == 0) break;
        if (to_skip >= piece.iov_len) {
            to_skip -= piece.iov_len;
            continue;
        }
        const auto size = std::min<std::uint64_t>(piece.iov_len - to_skip, left);
        visit(std::span(static_cast<std::byte*>(piece.iov_base) + to_skip, size));
        left -= size;
        to_skip = 0;
    }
    return length - ByteCount{left};
}

// Copies as much of data as fits behind `skip` bytes; returns how much that was.
inline ByteCount copy_to(Buffers buffers, ByteCount skip, std::span<const std::byte> data) {
    return for_each_piece(buffers, skip, ByteCount{data.size()}, [&](std::span<std::byte> piece) {
        std::memcpy(piece.data(), data.data(), piece.size());
        data = data.subspan(piece.size());
    });
}

// Fills `into` from what lies behind `skip` bytes; returns how much was there.
inline ByteCount copy_from(Buffers buffers, ByteCount skip, std::span<std::byte> into) {
    return for_each_piece(buffers, skip, ByteCount{into.size()}, [&](std::span<std::byte> piece) {
        std::memcpy(into.data(), piece.data(), piece.size());
        into = into.subspan(piece.size());
    });
}

inline void fill_zero(Buffers buffers, ByteCount skip, ByteCount length) {
    for_each_piece(buffers, skip, length,
                   [](std::span<std::byte> piece) { std::memset(piece.data(), 0, piece.size()); });
}

// The part [skip, skip + length) of the buffers.
inline std::vector<iovec> slice(Buffers buffers, ByteCount skip, ByteCount length) {
    std::vector<iovec> part;
    for_each_piece(buffers, skip, length, [&](std::span<std::byte> piece) {
        part.push_back({piece.data(), piece.size()});
    });
    return part;
}

}  // namespace tcmud
