// SPDX-License-Identifier: Apache-2.0
// Big-endian fields, as every SCSI structure has them.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tcmud::scsi {

using Bytes = std::span<const std::byte>;

constexpr std::uint8_t get_8(Bytes from, std::size_t at) {
    return std::to_integer<std::uint8_t>(from[at]);
}

template <std::size_t width>
constexpr std::uint64_t get_big_endian(Bytes from, std::size_t at) {
    assert(at + width <= from.size());
    if constexpr (std::has_single_bit(width) && std::endian::native == std::endian::little) {
        if (!std::is_constant_evaluated()) {
            // One load: the compiler does not see that in the loop below.
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, from.data() + at, width);
            return __builtin_bswap64(bytes) >> (64 - 8 * width);
        }
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | get_8(from, at + i);
    return value;
}

constexpr std::uint16_t get_16(Bytes from, std::size_t at) {
    return static_cast<std::uint16_t>(get_big_endian<2>(from, at));
}
constexpr std::uint32_t get_24(Bytes from, std::size_t at) {
    return static_cast<std::uint32_t>(get_big_endian<3>(from, at));
}
constexpr std::uint32_t get_32(Bytes from, std::size_t at) {
    return static_cast<std::uint32_t>(get_big_endian<4>(from, at));
}
constexpr std::uint64_t get_64(Bytes from, std::size_t at) {
    return get_big_endian<8>(from, at);
}

template <std::size_t width>
constexpr void put_big_endian(std::span<std::byte> into, std::size_t at, std::uint64_t value) {
    assert(at + width <= into.size());
    for (std::size_t i = width; i-- > 0; value >>= 8) into[at + i] = static_cast<std::byte>(value & 0xff);
}

// Builds a data-in structure from front to back; lengths that stand before what they count are set
// afterwards.
class Writer {
public:
    Writer& u8(unsigned value) {
        bytes_.push_back(static_cast<std::byte>(value));
        return *this;
    }
    Writer& u16(std::uint64_t value) { return big_endian<2>(value); }
    Writer& u24(std::uint64_t value) { return big_endian<3>(value); }
    Writer& u32(std::uint64_t value) { return big_endian<4>(value); }
    Writer& u64(std::uint64_t value) { return big_endian<8>(value); }
    Writer& zeros(std::size_t count) {
        bytes_.resize(bytes_.size() + count);
        return *this;
    }
    Writer& bytes(Bytes from) {
        bytes_.insert(bytes_.end(), from.begin(), from.end());
        return *this;
    }
    Writer& text(std::string_view from) {
        return bytes(std::as_bytes(std::span(from)));
    }
    // Left-aligned ASCII, cut or filled with spaces to the width.
    Writer& padded_text(std::string_view from, std::size_t width) {
        text(from.substr(0, width));
        for (auto i = from.size(); i < width; ++i) u8(' ');
        return *this;
    }

    // Room for so many bytes at once.
    Writer& reserve(std::size_t count) {
        bytes_.reserve(count);
        return *this;
    }
    std::size_t size() const { return bytes_.size(); }
    void set_8(std::size_t at, std::size_t value) { bytes_[at] = static_cast<std::byte>(value); }
    void set_16(std::size_t at, std::uint64_t value) { put_big_endian<2>(bytes_, at, value); }
    void set_32(std::size_t at, std::uint64_t value) { put_big_endian<4>(bytes_, at, value); }
    Bytes view() const { return bytes_; }

private:
    template <std::size_t width>
    Writer& big_endian(std::uint64_t value) {
        bytes_.resize(bytes_.size() + width);
        put_big_endian<width>(bytes_, bytes_.size() - width, value);
        return *this;
    }

    std::vector<std::byte> bytes_;
};

}  // namespace tcmud::scsi
