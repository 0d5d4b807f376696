// SPDX-License-Identifier: Apache-2.0
// What the standards say of a command: the row of a device's command table. The table is the dispatch table,
// the answer to REPORT SUPPORTED OPERATION CODES, and what docs/devices is checked against.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/opcode.hpp"
#include "handler/scsi/sense.hpp"

namespace tcmud::scsi {

inline constexpr std::uint16_t no_service_action = 0xffff;

struct CommandInfo {
    Opcode opcode;
    std::uint16_t service_action;  // no_service_action, if the opcode has none.
    std::uint8_t length;           // Of the CDB, in bytes.
    std::string_view name;         // As the standard spells it.
    // CDB USAGE DATA (SPC-4 6.36.3): a bit is 1 where the device looks at the CDB's bit. A CDB that has a bit
    // outside of it is refused. The first byte is the opcode.
    std::array<std::uint8_t, 32> usage;
};

// The number of bytes a CDB of this opcode has, by its group (SPC-4 4.2.5.1); 0: vendor specific or variable.
constexpr std::uint8_t fixed_cdb_length(std::uint8_t opcode) {
    constexpr std::array<std::uint8_t, 8> by_group{6, 10, 10, 0, 16, 12, 0, 0};
    return by_group[opcode >> 5];
}

constexpr bool well_formed(const CommandInfo& info) {
    const auto opcode = static_cast<std::uint8_t>(info.opcode);
    if (info.usage[0] != opcode) return false;
    const auto fixed = fixed_cdb_length(opcode);
    if (fixed != 0 && info.length != fixed) return false;
    return std::all_of(info.usage.begin() + info.length, info.usage.end(),
                       [](auto byte) { return byte == 0; });
}

// The bits of a CDB of up to 16 bytes that unknown_bit() complains about, in words as they lie in memory;
// none for longer ones.
using UnknownBits = std::array<std::uint64_t, 2>;
constexpr std::size_t words_cover = sizeof(UnknownBits);

constexpr UnknownBits unknown_bits(const CommandInfo& info) {
    std::array<std::uint8_t, words_cover> bytes{};
    for (std::size_t i = 1; i < info.length && info.length <= words_cover; ++i) {
        bytes[i] = static_cast<std::uint8_t>(~info.usage[i] & (i == info.length - 1u ? 0x3f : 0xff));
    }
    return std::bit_cast<UnknownBits>(bytes);
}

// The first bit, from the front, that the CDB has and the command does not know. The control byte's vendor
// specific bits and the fields that hold opcode and service action are not looked at.
constexpr std::optional<Sense> unknown_bit(const CommandInfo& info, Bytes cdb) {
    const std::size_t control = info.opcode == Opcode::variable_length ? 1 : info.length - 1u;
    for (std::size_t i = 1; i < info.length; ++i) {
        unsigned unknown = get_8(cdb, i) & ~static_cast<unsigned>(info.usage[i]);
        if (i == control) unknown &= 0x3f;
        if (unknown == 0) continue;
        unsigned bit = 7;
        while ((unknown >> bit) == 0) --bit;
        return sense::invalid_field_in_cdb.in_cdb(static_cast<std::uint16_t>(i), bit);
    }
    return std::nullopt;
}

}  // namespace tcmud::scsi
