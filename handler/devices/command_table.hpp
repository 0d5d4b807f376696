// SPDX-License-Identifier: Apache-2.0
// The command table of a device type: one row per command, for dispatch and for REPORT SUPPORTED OPERATION
// CODES.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "handler/devices/command.hpp"
#include "handler/scsi/command_info.hpp"

namespace tcmud::devices {

template <class Server>
struct CommandRow {
    scsi::CommandInfo info;
    void (Server::*run)(Command&, Reply);
    scsi::UnknownBits unknown_bits = scsi::unknown_bits(info);

    // What of a CDB that is long enough is not known, if anything is.
    std::optional<scsi::Sense> unknown_bit(const Command& command) const {
        scsi::UnknownBits words;
        std::memcpy(words.data(), command.cdb_bytes.data(), sizeof words);
        const bool all_known = ((words[0] & unknown_bits[0]) | (words[1] & unknown_bits[1])) == 0;
        if (all_known && info.length <= scsi::words_cover) return std::nullopt;
        return scsi::unknown_bit(info, command.cdb());
    }
};

// What identifies a command in its CDB beside the opcode; no_service_action where the opcode has none.
constexpr std::uint16_t service_action_of(scsi::Bytes cdb) {
    if (static_cast<scsi::Opcode>(scsi::get_8(cdb, 0)) == scsi::Opcode::variable_length) {
        return cdb.size() < 10 ? scsi::no_service_action : scsi::get_16(cdb, 8);
    }
    return scsi::get_8(cdb, 1) & 0x1f;
}

template <class Server, std::size_t size>
class CommandTable {
public:
    // Sorts; does not compile if a row contradicts the standard or another row.
    consteval explicit CommandTable(std::array<CommandRow<Server>, size> rows) : rows_(rows) {
        const auto key = [](const CommandRow<Server>& row) {
            return static_cast<std::uint32_t>(row.info.opcode) << 16 | row.info.service_action;
        };
        std::sort(rows_.begin(), rows_.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
        static_assert(size < none);
        first_.fill(none);
        for (std::size_t i = size; i-- > 0;) {
            if (!scsi::well_formed(rows_[i].info)) throw "a row contradicts its opcode";
            if (i > 0 && key(rows_[i - 1]) == key(rows_[i])) throw "two rows are the same command";
            first_[static_cast<std::uint8_t>(rows_[i].info.opcode)] = static_cast<std::uint8_t>(i);
            infos_[i] = rows_[i].info;
        }
    }

    // nullptr: no such operation code or service action.
    const CommandRow<Server>* find(scsi::Bytes cdb) const {
        const auto opcode = scsi::get_8(cdb, 0);
        std::size_t i = first_[opcode];
        if (i == none) return nullptr;
        if (rows_[i].info.service_action == scsi::no_service_action) return &rows_[i];
        const auto action = service_action_of(cdb);
        for (; i < size && static_cast<std::uint8_t>(rows_[i].info.opcode) == opcode; ++i) {
            if (rows_[i].info.service_action == action) return &rows_[i];
        }
        return nullptr;
    }

    std::span<const scsi::CommandInfo> infos() const { return infos_; }

private:
    static constexpr std::uint8_t none = 0xff;
    std::array<CommandRow<Server>, size> rows_;
    std::array<scsi::CommandInfo, size> infos_{};
    std::array<std::uint8_t, 256> first_{};
};

template <class Server, std::size_t a, std::size_t b>
consteval std::array<CommandRow<Server>, a + b> joined(const std::array<CommandRow<Server>, a>& first,
                                                       const std::array<CommandRow<Server>, b>& second) {
    std::array<CommandRow<Server>, a + b> all{};
    std::copy(first.begin(), first.end(), all.begin());
    std::copy(second.begin(), second.end(), all.begin() + a);
    return all;
}

}  // namespace tcmud::devices
