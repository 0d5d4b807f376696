// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tcmud::tape {

namespace {

// Polynomials have their bits reflected: the highest bit is the coefficient of x^0.
constexpr std::uint32_t polynomial = 0x82f63b78;

constexpr std::uint32_t times_x(std::uint32_t value) {
    return (value & 1) != 0 ? (value >> 1) ^ polynomial : value >> 1;
}

constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) {
    std::uint32_t sum = 0;
    for (std::uint32_t bit = 0x80000000; bit != 0; bit >>= 1) {
        if ((a & bit) != 0) sum ^= b;
        b = times_x(b);
    }
    return sum;
}

constexpr std::uint32_t power_of_x(std::uint64_t exponent) {
    std::uint32_t result = 0x80000000;
    for (std::uint32_t square = 0x40000000; exponent != 0; exponent >>= 1) {
        if ((exponent & 1) != 0) result = product(result, square);
        square = product(square, square);
    }
    return result;
}

// By the value of each byte of a state: what it becomes behind so many bytes of zeros.
using ShiftTable = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr ShiftTable shift_table(std::uint64_t zero_bytes) {
    const auto factor = power_of_x(8 * zero_bytes);
    ShiftTable table{};
    for (std::uint32_t byte = 0; byte < 4; ++byte)
        for (std::uint32_t value = 0; value < 256; ++value)
            table[byte][value] = product(factor, value << (8 * byte));
    return table;
}

constexpr std::uint32_t shifted(const ShiftTable& table, std::uint32_t state) {
    return table[0][state & 255] ^ table[1][state >> 8 & 255] ^ table[2][state >> 16 & 255] ^
           table[3][state >> 24];
}

// Eight bytes at a time: the table of byte i is for one that i others follow.
constexpr std::array<std::array<std::uint32_t, 256>, 8> slices = [] {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t i = 0; i < 8; ++i) tables[i] = shift_table(i + 1)[0];
    return tables;
}();

std::uint64_t word_at(const std::byte* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

std::uint32_t add_portably(std::uint32_t state, std::span<const std::byte> bytes) {
    const auto* at = bytes.data();
    auto left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint32_t sum = 0;
        for (unsigned i = 0; i < 8; ++i) {
            const auto of_state = i < 4 ? state >> (8 * i) : 0;
            sum ^= slices[7 - i][(static_cast<std::uint32_t>(at[i]) ^ of_state) & 255];
        }
        state = sum;
    }
    for (; left != 0; --left, ++at)
        state = slices[0][(static_cast<std::uint32_t>(*at) ^ state) & 255] ^ (state >> 8);
    return state;
}

#if defined(__x86_64__)

// The instruction's result comes three cycles after its operands, and each cycle takes another one: three
// strips side by side, put together at their end.
template <std::size_t strip>
__attribute__((target("sse4.2"))) std::uint32_t add_strips(std::uint32_t state, const std::byte*& at,
                                                           std::size_t& left) {
    static constexpr ShiftTable behind_a_strip = shift_table(strip);
    for (; left >= 3 * strip; left -= 3 * strip, at += 3 * strip) {
        std::uint64_t first = state;
        std::uint64_t second = 0;
        std::uint64_t third = 0;
        for (std::size_t i = 0; i < strip; i += 8) {
            first = _mm_crc32_u64(first, word_at(at + i));
            second = _mm_crc32_u64(second, word_at(at + strip + i));
            third = _mm_crc32_u64(third, word_at(at + 2 * strip + i));
        }
        state =
            shifted(behind_a_strip, static_cast<std::uint32_t>(first)) ^ static_cast<std::uint32_t>(second);
        state = shifted(behind_a_strip, state) ^ static_cast<std::uint32_t>(third);
    }
    return state;
}

__attribute__((target("sse4.2"))) std::uint32_t add_by_instruction(std::uint32_t state,
                                                                   std::span<const std::byte> bytes) {
    const auto* at = bytes.data();
    auto left = bytes.size();
    state = add_strips<8192>(state, at, left);
    // A page less 16 bytes: buffers are often single pages.
    state = add_strips<1360>(state, at, left);
    std::uint64_t wide = state;
    for (; left >= 8; left -= 8, at += 8) wide = _mm_crc32_u64(wide, word_at(at));
    state = static_cast<std::uint32_t>(wide);
    for (; left != 0; --left, ++at) state = _mm_crc32_u8(state, static_cast<unsigned char>(*at));
    return state;
}

std::uint32_t add_bytes(std::uint32_t state, std::span<const std::byte> bytes) {
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    return has_instruction ? add_by_instruction(state, bytes) : add_portably(state, bytes);
}

#else

std::uint32_t add_bytes(std::uint32_t state, std::span<const std::byte> bytes) {
    return add_portably(state, bytes);
}

#endif

}  // namespace

void Crc32c::add(std::span<const std::byte> bytes) {
    state_ = add_bytes(state_, bytes);
}

std::uint32_t crc32c(std::span<const std::byte> bytes) {
    Crc32c crc;
    crc.add(bytes);
    return crc.value();
}

std::uint32_t crc32c(Buffers buffers, ByteCount skip, ByteCount length) {
    Crc32c crc;
    for_each_piece(buffers, skip, length, [&](std::span<std::byte> piece) { crc.add(piece); });
    return crc.value();
}

std::uint32_t portable_crc32c(std::span<const std::byte> bytes) {
    return ~add_portably(~std::uint32_t{0}, bytes);
}

}  // namespace tcmud::tape
