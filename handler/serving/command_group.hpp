// SPDX-License-Identifier: Apache-2.0
// What commands are counted as.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "handler/scsi/opcode.hpp"

namespace tcmud::serving {

enum class CommandGroup : std::uint8_t { other, read, write, flush, unmap, write_same, compare, copy };
inline constexpr std::array<std::string_view, 8> group_names{
    "other", "read", "write", "flush", "unmap", "write_same", "compare", "copy",
};

// By operation code.
inline constexpr auto command_groups = [] {
    using scsi::Opcode;
    std::array<CommandGroup, 256> table{};
    const auto set = [&](CommandGroup group, std::initializer_list<Opcode> opcodes) {
        for (const auto opcode : opcodes) table[static_cast<std::uint8_t>(opcode)] = group;
    };
    set(CommandGroup::read, {Opcode::read_6, Opcode::read_10, Opcode::read_12, Opcode::read_16});
    set(CommandGroup::write,
        {Opcode::write_6, Opcode::write_10, Opcode::write_12, Opcode::write_16, Opcode::write_and_verify_10,
         Opcode::write_and_verify_12, Opcode::write_and_verify_16});
    set(CommandGroup::flush, {Opcode::synchronize_cache_10, Opcode::synchronize_cache_16});
    set(CommandGroup::unmap, {Opcode::unmap});
    set(CommandGroup::write_same, {Opcode::write_same_10, Opcode::write_same_16});
    set(CommandGroup::compare,
        {Opcode::verify_10, Opcode::verify_12, Opcode::verify_16, Opcode::compare_and_write});
    set(CommandGroup::copy, {Opcode::third_party_copy_out});
    return table;
}();

// What latencies are told apart by.
enum class Direction : std::uint8_t { other, read, write };
inline constexpr std::array<std::string_view, 3> direction_names{"other", "read", "write"};
constexpr Direction direction_of(CommandGroup group) {
    if (group == CommandGroup::read) return Direction::read;
    return group == CommandGroup::write ? Direction::write : Direction::other;
}

}  // namespace tcmud::serving
