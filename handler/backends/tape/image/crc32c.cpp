// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
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
        // The sum of what its bits become.
        for (std::uint32_t value = 1; value < 256; ++value) {
            const auto others = value & (value - 1);
            table[byte][value] = others == 0 ? product(factor, value << (8 * byte))
                                             : table[byte][others] ^ table[byte][value ^ others];
        }
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
#pragma GCC unroll 10
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

// Where the machine multiplies polynomials in registers of 64 bytes: four of them hold what is congruent to
// all that was seen, and each step carries them 256 bytes on.
//
// A product of reflected words is one power of x too high, so the factors are one too low.
constexpr std::uint64_t factor(std::uint64_t bits) {
    return std::uint64_t{power_of_x(bits - 1)} << 32;
}

__attribute__((target("avx512f,vpclmulqdq,sse4.2"))) __m512i carry(__m512i sum, __m512i factors,
                                                                   __m512i next) {
    const auto first = _mm512_clmulepi64_epi128(sum, factors, 0x00);
    const auto second = _mm512_clmulepi64_epi128(sum, factors, 0x11);
    return _mm512_xor_si512(_mm512_xor_si512(first, second), next);
}

__attribute__((target("avx512f,vpclmulqdq,sse4.2"))) __m512i register_at(const std::byte* bytes,
                                                                         std::size_t number) {
    return _mm512_loadu_si512(bytes + 64 * number);
}

// In each 16 bytes the first eight are further from the end.
__attribute__((target("avx512f,vpclmulqdq,sse4.2"))) __m512i factors_for(std::uint64_t bits) {
    const auto second = static_cast<long long>(factor(bits));
    const auto first = static_cast<long long>(factor(bits + 64));
    // GCC 12 takes the intrinsic that repeats 16 bytes for a use of something undefined.
    return _mm512_set_epi64(second, first, second, first, second, first, second, first);
}

__attribute__((target("avx512f,vpclmulqdq,sse4.2"))) std::uint32_t add_by_products(
    std::uint32_t state, std::span<const std::byte> bytes) {
    constexpr std::size_t step = 256;
    if (bytes.size() < 2 * step) return add_by_instruction(state, bytes);
    const auto* at = bytes.data();
    auto left = bytes.size();
    auto sum0 = _mm512_xor_si512(register_at(at, 0),
                                 _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
    auto sum1 = register_at(at, 1);
    auto sum2 = register_at(at, 2);
    auto sum3 = register_at(at, 3);
    static const auto far = factors_for(8 * step);
    static const auto near = factors_for(8 * 64);
    for (at += step, left -= step; left >= step; at += step, left -= step) {
        sum0 = carry(sum0, far, register_at(at, 0));
        sum1 = carry(sum1, far, register_at(at, 1));
        sum2 = carry(sum2, far, register_at(at, 2));
        sum3 = carry(sum3, far, register_at(at, 3));
    }
    sum1 = carry(sum0, near, sum1);
    sum2 = carry(sum1, near, sum2);
    sum3 = carry(sum2, near, sum3);
    std::array<std::byte, 64> last{};
    _mm512_storeu_si512(last.data(), sum3);
    return add_by_instruction(add_by_instruction(0, last), bytes.last(left));
}

bool has(CrcWay way) {
    static const bool instruction = __builtin_cpu_supports("sse4.2") != 0;
    static const bool products =
        instruction && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("vpclmulqdq") != 0;
    return way == CrcWay::portable || (way == CrcWay::by_instruction ? instruction : products);
}

std::uint32_t add_in_a_way(CrcWay way, std::uint32_t state, std::span<const std::byte> bytes) {
    switch (way) {
        case CrcWay::portable: break;
        case CrcWay::by_instruction: return add_by_instruction(state, bytes);
        case CrcWay::by_products: return add_by_products(state, bytes);
    }
    return add_portably(state, bytes);
}

#else

bool has(CrcWay way) {
    return way == CrcWay::portable;
}

std::uint32_t add_in_a_way(CrcWay, std::uint32_t state, std::span<const std::byte> bytes) {
    return add_portably(state, bytes);
}

#endif

CrcWay best_way() {
    if (has(CrcWay::by_products)) return CrcWay::by_products;
    return has(CrcWay::by_instruction) ? CrcWay::by_instruction : CrcWay::portable;
}

}  // namespace

void Crc32c::add(std::span<const std::byte> bytes) {
    static const auto way = best_way();
    state_ = add_in_a_way(way, state_, bytes);
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

std::optional<std::uint32_t> crc32c(CrcWay way, std::span<const std::byte> bytes) {
    if (!has(way)) return std::nullopt;
    return ~add_in_a_way(way, ~std::uint32_t{0}, bytes);
}

}  // namespace tcmud::tape
