// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/tape/block_protection.hpp"

#include <array>

namespace tcmud::devices {

namespace {

using CrcTable = std::array<std::uint32_t, 256>;

// Castagnoli's polynomial, reflected. Eight tables: of a byte that is followed by so many others.
constexpr std::array<CrcTable, 8> make_crc_tables() {
    std::array<CrcTable, 8> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        auto crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
        tables[0][byte] = crc;
    }
    for (std::size_t t = 1; t < tables.size(); ++t) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const auto before = tables[t - 1][byte];
            tables[t][byte] = before >> 8 ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

constexpr auto crc_tables = make_crc_tables();

std::uint32_t continue_crc(std::uint32_t crc, std::span<const std::byte> data) {
    const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(data[i]); };
    for (; data.size() >= 8; data = data.subspan(8)) {
        const auto low = crc ^ (at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24);
        crc = crc_tables[7][low & 0xff] ^ crc_tables[6][low >> 8 & 0xff] ^ crc_tables[5][low >> 16 & 0xff] ^
              crc_tables[4][low >> 24] ^ crc_tables[3][at(4)] ^ crc_tables[2][at(5)] ^ crc_tables[1][at(6)] ^
              crc_tables[0][at(7)];
    }
    for (const auto byte : data)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
    return crc;
}

// The least significant byte goes first, as iSCSI has it for its digests.
std::array<std::byte, protection_length> protection_of(Buffers buffers, ByteCount skip,
                                                       std::uint64_t length) {
    const auto crc = crc32c(buffers, skip, ByteCount{length});
    std::array<std::byte, protection_length> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(crc >> 8 * i & 0xff);
    return bytes;
}

}  // namespace

std::uint32_t crc32c(Buffers buffers, ByteCount skip, ByteCount length) {
    std::uint32_t crc = 0xffffffff;
    for_each_piece(buffers, skip, length,
                   [&](std::span<std::byte> piece) { crc = continue_crc(crc, piece); });
    return ~crc;
}

void append_protection(Buffers buffers, ByteCount skip, std::uint64_t block_length) {
    if (raw(skip) + block_length > raw(total(buffers))) return;
    copy_to(buffers, skip + ByteCount{block_length}, protection_of(buffers, skip, block_length));
}

bool is_protected(Buffers buffers, ByteCount skip, std::uint64_t block_length) {
    std::array<std::byte, protection_length> there{};
    copy_from(buffers, skip + ByteCount{block_length}, there);
    return there == protection_of(buffers, skip, block_length);
}

}  // namespace tcmud::devices
