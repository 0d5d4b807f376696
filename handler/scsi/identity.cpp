// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/identity.hpp"

#include <optional>

namespace tcmud::scsi {

namespace {

std::optional<unsigned> hexadecimal(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

// FNV-1a, 64 bits.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t value = seed;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 0x100000001b3;
    }
    return value;
}

}  // namespace

Naa naa_of(std::string_view serial) {
    // 6h, then the company id 001405h; the serial's digits begin in the low half of byte 3.
    Naa naa{std::byte{0x60}, std::byte{0x01}, std::byte{0x40}, std::byte{0x50}};
    std::size_t digit = 7;
    for (const char c : serial) {
        if (digit == 2 * naa_size) break;
        const auto value = hexadecimal(c);
        if (!value) continue;
        naa[digit / 2] |= static_cast<std::byte>(digit % 2 == 0 ? *value << 4 : *value);
        ++digit;
    }
    return naa;
}

std::string derived_serial(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string serial;
    for (const std::uint64_t seed : {0xcbf29ce484222325ULL, 0x9ae16a3b2f90404fULL}) {
        const auto value = hash(text, seed);
        for (int shift = 60; shift >= 0; shift -= 4) serial += digits[value >> shift & 0xf];
    }
    return serial;
}

}  // namespace tcmud::scsi
