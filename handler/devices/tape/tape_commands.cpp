// SPDX-License-Identifier: Apache-2.0
// The commands of a tape drive: the one table that dispatches them and that REPORT SUPPORTED OPERATION CODES
// shows.
#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::Opcode;

namespace {

// A command of 16 bytes with PARTITION, LOGICAL OBJECT IDENTIFIER and TRANSFER LENGTH.
consteval scsi::CommandInfo explicit_address(Opcode opcode, std::string_view name, std::uint8_t byte_1) {
    scsi::CommandInfo info{opcode, scsi::no_service_action, 16, name, {}};
    info.usage[0] = static_cast<std::uint8_t>(opcode);
    info.usage[1] = byte_1;
    for (std::size_t i = 3; i < 15; ++i) info.usage[i] = 0xff;
    return info;
}

consteval scsi::CommandInfo six_bytes(Opcode opcode, std::string_view name, std::uint8_t byte_1) {
    return {opcode,
            scsi::no_service_action,
            6,
            name,
            {static_cast<std::uint8_t>(opcode), byte_1, 0xff, 0xff, 0xff}};
}

}  // namespace

// A friend, to name the private handlers.
struct TapeCommands {
    using Row = CommandRow<TapeDevice>;
    using Tape = TapeDevice;
    static constexpr std::uint16_t plain = scsi::no_service_action;
    static constexpr std::uint8_t all = 0xff;

    // clang-format off
    static constexpr auto table = CommandTable(joined(primary_commands<TapeDevice>, std::array{
        Row{six_bytes(Opcode::read_6, "READ(6)", 0x03), &Tape::run<&Tape::read>},
        Row{explicit_address(Opcode::read_16, "READ(16)", 0x03), &Tape::run<&Tape::read>},
        Row{six_bytes(Opcode::write_6, "WRITE(6)", 0x01), &Tape::run_writing<&Tape::write>},
        Row{explicit_address(Opcode::write_16, "WRITE(16)", 0x01), &Tape::run_writing<&Tape::write>},
        Row{six_bytes(Opcode::write_filemarks_6, "WRITE FILEMARKS(6)", 0x01), &Tape::run_writing<&Tape::write_filemarks>},
        Row{explicit_address(Opcode::write_filemarks_16, "WRITE FILEMARKS(16)", 0x01),
            &Tape::run_writing<&Tape::write_filemarks>},
        Row{{Opcode::erase_6, plain, 6, "ERASE(6)", {0x19, 0x03}}, &Tape::run_writing<&Tape::erase>},
        Row{six_bytes(Opcode::verify_6, "VERIFY(6)", 0x2d), &Tape::run<&Tape::verify>},
        Row{six_bytes(Opcode::space_6, "SPACE(6)", 0x0f), &Tape::run<&Tape::space>},
        Row{{Opcode::space_16, plain, 16, "SPACE(16)",
             {0x91, 0x0f, 0, 0, all, all, all, all, all, all, all, all}}, &Tape::run<&Tape::space>},
        Row{{Opcode::locate_10, plain, 10, "LOCATE(10)", {0x2b, 0x07, 0, all, all, all, all, 0, all}},
            &Tape::run<&Tape::locate_10>},
        Row{{Opcode::locate_16, plain, 16, "LOCATE(16)",
             {0x92, 0x3b, 0, all, all, all, all, all, all, all, all, all}}, &Tape::run<&Tape::locate_16>},
        Row{{Opcode::rewind, plain, 6, "REWIND", {0x01, 0x01}}, &Tape::run<&Tape::rewind>},
        Row{{Opcode::read_position, plain, 10, "READ POSITION", {0x34, 0x1f, 0, 0, 0, 0, 0, all, all}},
            &Tape::run<&Tape::read_position>},
        Row{{Opcode::read_block_limits, plain, 6, "READ BLOCK LIMITS", {0x05, 0x01}},
            &Tape::run<&Tape::read_block_limits>},
        Row{{Opcode::load_unload, plain, 6, "LOAD UNLOAD", {0x1b, 0x01, 0, 0, 0x0f}}, &Tape::run<&Tape::load_unload>},
        Row{{Opcode::format_medium, plain, 6, "FORMAT MEDIUM", {0x04, 0x03, 0x0f}}, &Tape::run<&Tape::format_medium>},
        Row{{Opcode::set_capacity, plain, 6, "SET CAPACITY", {0x0b, 0x01, 0, all, all}}, &Tape::run<&Tape::set_capacity>},
        Row{{Opcode::allow_overwrite, plain, 16, "ALLOW OVERWRITE",
             {0x82, 0, 0x0f, all, all, all, all, all, all, all, all, all}}, &Tape::run<&Tape::allow_overwrite>},
        Row{{Opcode::report_density_support, plain, 10, "REPORT DENSITY SUPPORT",
             {0x44, 0x01, 0, 0, 0, 0, 0, all, all}}, &Tape::run<&Tape::report_density_support>},
        Row{{Opcode::read_attribute, plain, 16, "READ ATTRIBUTE",
             {0x8c, 0x1f, 0, 0, 0, all, 0, all, all, all, all, all, all, all, 0x01}}, &Tape::run<&Tape::read_attribute>},
        Row{{Opcode::write_attribute, plain, 16, "WRITE ATTRIBUTE",
             {0x8d, 0x01, 0, 0, 0, all, 0, all, 0, 0, all, all, all, all}}, &Tape::run<&Tape::write_attribute>},
        Row{{Opcode::log_sense, plain, 10, "LOG SENSE", {0x4d, 0x02, all, all, 0, all, all, all, all}},
            &Tape::run<&Tape::log_sense>},
        Row{{Opcode::log_select, plain, 10, "LOG SELECT", {0x4c, 0x02, all, all, 0, 0, 0, all, all}},
            &Tape::run<&Tape::log_select>},
        Row{{Opcode::security_protocol_in, plain, 12, "SECURITY PROTOCOL IN",
             {0xa2, all, all, all, 0, 0, all, all, all, all}}, &Tape::run<&Tape::security_protocol_in>},
        Row{{Opcode::security_protocol_out, plain, 12, "SECURITY PROTOCOL OUT",
             {0xb5, all, all, all, 0, 0, all, all, all, all}}, &Tape::run<&Tape::security_protocol_out>},
        Row{{Opcode::send_diagnostic, plain, 6, "SEND DIAGNOSTIC", {0x1d, 0xf7, 0, all, all}},
            &Tape::run<&Tape::send_diagnostic>},
        Row{{Opcode::receive_diagnostic_results, plain, 6, "RECEIVE DIAGNOSTIC RESULTS", {0x1c, 0x01, all, all, all}},
            &Tape::run<&Tape::receive_diagnostic_results>},
        Row{{Opcode::read_buffer, plain, 10, "READ BUFFER", {0x3c, 0x1f, all, all, all, all, all, all, all}},
            &Tape::run<&Tape::read_buffer>},
        Row{{Opcode::write_buffer, plain, 10, "WRITE BUFFER", {0x3b, 0x1f, all, all, all, all, all, all, all}},
            &Tape::run<&Tape::write_buffer>},
        Row{{Opcode::maintenance_in, scsi::service_action::report_timestamp, 12, "REPORT TIMESTAMP",
             {0xa3, 0x1f, 0, 0, 0, 0, all, all, all, all}}, &Tape::run<&Tape::report_timestamp>},
        Row{{Opcode::maintenance_out, scsi::service_action::set_timestamp, 12, "SET TIMESTAMP",
             {0xa4, 0x1f, 0, 0, 0, 0, all, all, all, all}}, &Tape::run<&Tape::set_timestamp>},
    }));
    // clang-format on
};

std::span<const scsi::CommandInfo> TapeDevice::commands() {
    return TapeCommands::table.infos();
}

void TapeDevice::dispatch_command(Command& command, Reply reply) {
    dispatch(TapeCommands::table, *this, command, std::move(reply));
}

// Software that drives tapes takes these for its own timeouts. A cartridge's index is in memory and nothing
// has to be wound: what takes long is the store below.
std::uint32_t TapeDevice::recommended_timeout(const scsi::CommandInfo& info) const {
    constexpr std::uint32_t minute = 60;
    using enum Opcode;
    switch (info.opcode) {
        case erase_6:
        case format_medium:
        case verify_6: return 180 * minute;
        case read_6:
        case read_16:
        case write_6:
        case write_16:
        case write_filemarks_6:
        case write_filemarks_16:
        case space_6:
        case space_16:
        case locate_10:
        case locate_16:
        case rewind:
        case load_unload:
        case set_capacity: return 25 * minute;
        default: return minute;
    }
}

}  // namespace tcmud::devices
