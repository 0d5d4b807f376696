// SPDX-License-Identifier: Apache-2.0
// One record of a cartridge: a header of 64 bytes, and behind it what is stored of a block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tcmud::tape {

enum class RecordType : std::uint8_t { block = 1, filemark = 2 };

enum class Compression : std::uint8_t { none = 0, zstd = 1 };

struct Record {
    RecordType type = RecordType::block;
    Compression compression = Compression::none;
    bool encrypted = false;
    // Which pass of the drive over the tape wrote it: never lower than that of the record before.
    std::uint32_t pass = 0;
    // The checksum of the header before, which binds them together: behind an overwrite lie records of an
    // older pass, whole and of the right number, and only this tells that they are no continuation.
    std::uint32_t previous = 0;
    std::uint64_t object = 0;
    std::uint64_t file = 0;
    // When it was written, objects before this one were on stable storage: what is wrong with them is no torn
    // write.
    std::uint64_t synchronized = 0;
    std::uint32_t logical_length = 0;  // Of the block.
    std::uint32_t stored_length = 0;   // Of what is behind the header, without padding.
    std::uint32_t logical_crc = 0;     // CRC-32C of the block.
    std::uint32_t stored_crc = 0;      // CRC-32C of what is stored; the same if it is the block as it is.

    bool transformed() const { return compression != Compression::none || encrypted; }
    bool operator==(const Record&) const = default;
};

// No drive has longer ones.
constexpr std::uint32_t longest_block = std::uint32_t{64} << 20;

constexpr std::size_t record_header_size = 64;
using RecordHeader = std::array<std::byte, record_header_size>;

// Records begin at multiples of 8.
constexpr std::uint64_t padding_of(std::uint64_t stored_length) {
    return (8 - stored_length % 8) % 8;
}
constexpr std::uint64_t record_size(std::uint64_t stored_length) {
    return record_header_size + stored_length + padding_of(stored_length);
}

// Returns the header's checksum, which is the next one's `previous`.
std::uint32_t encode(const Record& record, std::span<std::byte, record_header_size> header);
// nullopt: it is no header, or a damaged one.
std::optional<Record> decode(std::span<const std::byte, record_header_size> header);
// Of a header that was decoded.
std::uint32_t checksum_of(std::span<const std::byte, record_header_size> header);

}  // namespace tcmud::tape
