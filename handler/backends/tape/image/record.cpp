// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/record.hpp"

#include "handler/backends/tape/image/bytes.hpp"
#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

namespace {

constexpr std::uint32_t record_magic = 0x31524354;  // "TCR1"

// Where the fields are.
namespace at {
constexpr std::size_t magic = 0;
constexpr std::size_t type = 4;
constexpr std::size_t flags = 5;
constexpr std::size_t zero = 6;
constexpr std::size_t pass = 8;
constexpr std::size_t previous = 12;
constexpr std::size_t object = 16;
constexpr std::size_t file = 24;
constexpr std::size_t synchronized = 32;
constexpr std::size_t logical_length = 40;
constexpr std::size_t stored_length = 44;
constexpr std::size_t logical_crc = 48;
constexpr std::size_t stored_crc = 52;
constexpr std::size_t zero_too = 56;
constexpr std::size_t checksum = 60;
}  // namespace at

constexpr std::uint8_t compression_mask = 0x0f;
constexpr std::uint8_t encrypted_flag = 0x80;

// Beside a block: what decrypting it needs, key-associated data of two lengths of 16 bits among it.
constexpr std::uint32_t longest_beside = std::uint32_t{256} << 10;

bool makes_sense(const Record& record) {
    if (record.logical_length > longest_block || record.stored_length > longest_block + longest_beside)
        return false;
    if (record.type == RecordType::filemark)
        return record.stored_length == 0 && record.logical_length == 0 && !record.transformed();
    if (record.type != RecordType::block || record.compression > Compression::zstd) return false;
    return record.transformed() || record.stored_length == record.logical_length;
}

}  // namespace

std::uint32_t encode(const Record& record, std::span<std::byte, record_header_size> header) {
    const std::span<std::byte> bytes = header;
    put(bytes, at::magic, record_magic);
    put(bytes, at::type, static_cast<std::uint8_t>(record.type));
    put(bytes, at::flags,
        static_cast<std::uint8_t>(static_cast<unsigned>(record.compression) |
                                  (record.encrypted ? encrypted_flag : 0u)));
    put(bytes, at::zero, std::uint16_t{0});
    put(bytes, at::pass, record.pass);
    put(bytes, at::previous, record.previous);
    put(bytes, at::object, record.object);
    put(bytes, at::file, record.file);
    put(bytes, at::synchronized, record.synchronized);
    put(bytes, at::logical_length, record.logical_length);
    put(bytes, at::stored_length, record.stored_length);
    put(bytes, at::logical_crc, record.logical_crc);
    put(bytes, at::stored_crc, record.stored_crc);
    put(bytes, at::zero_too, std::uint32_t{0});
    const auto checksum = crc32c(header.first<at::checksum>());
    put(bytes, at::checksum, checksum);
    return checksum;
}

std::optional<Record> decode(std::span<const std::byte, record_header_size> header) {
    const std::span<const std::byte> bytes = header;
    if (get<std::uint32_t>(bytes, at::magic) != record_magic) return std::nullopt;
    if (crc32c(header.first<at::checksum>()) != checksum_of(header)) return std::nullopt;
    const auto flags = get<std::uint8_t>(bytes, at::flags);
    Record record;
    record.type = static_cast<RecordType>(get<std::uint8_t>(bytes, at::type));
    record.compression = static_cast<Compression>(flags & compression_mask);
    record.encrypted = (flags & encrypted_flag) != 0;
    record.pass = get<std::uint32_t>(bytes, at::pass);
    record.previous = get<std::uint32_t>(bytes, at::previous);
    record.object = get<std::uint64_t>(bytes, at::object);
    record.file = get<std::uint64_t>(bytes, at::file);
    record.synchronized = get<std::uint64_t>(bytes, at::synchronized);
    record.logical_length = get<std::uint32_t>(bytes, at::logical_length);
    record.stored_length = get<std::uint32_t>(bytes, at::stored_length);
    record.logical_crc = get<std::uint32_t>(bytes, at::logical_crc);
    record.stored_crc = get<std::uint32_t>(bytes, at::stored_crc);
    if (!makes_sense(record)) return std::nullopt;
    return record;
}

std::uint32_t checksum_of(std::span<const std::byte, record_header_size> header) {
    return get<std::uint32_t>(std::span<const std::byte>(header), at::checksum);
}

}  // namespace tcmud::tape
