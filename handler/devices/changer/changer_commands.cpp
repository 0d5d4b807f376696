// SPDX-License-Identifier: Apache-2.0
// The commands of a changer: the one table that dispatches them and that REPORT SUPPORTED OPERATION CODES
// shows.
#include "handler/devices/changer/changer_device.hpp"

namespace tcmud::devices {

using scsi::Opcode;

namespace {

// Linux's ch driver writes the LUN where SCSI-2 had it, into the first three bits of byte 1.
template <std::size_t size>
consteval auto with_old_lun(std::array<CommandRow<ChangerDevice>, size> rows) {
    for (auto& row : rows) {
        if (row.info.service_action != scsi::no_service_action) continue;
        row.info.usage[1] |= 0xe0;
        row.unknown_bits = scsi::unknown_bits(row.info);
    }
    return rows;
}

}  // namespace

// A friend, to name the private handlers.
struct ChangerCommands {
    using Row = CommandRow<ChangerDevice>;
    using Changer = ChangerDevice;
    static constexpr std::uint16_t plain = scsi::no_service_action;
    static constexpr std::uint8_t all = 0xff;

    // clang-format off
    static constexpr auto table = CommandTable(with_old_lun(joined(primary_commands<Changer>, std::array{
        Row{{Opcode::initialize_element_status, plain, 6, "INITIALIZE ELEMENT STATUS", {0x07}},
            &Changer::initialize_element_status},
        Row{{Opcode::open_close_import_export_element, plain, 6, "OPEN/CLOSE IMPORT/EXPORT ELEMENT",
             {0x1b, 0, all, all, 0x1f}}, &Changer::open_close_import_export_element},
        Row{{Opcode::position_to_element, plain, 10, "POSITION TO ELEMENT",
             {0x2b, 0, all, all, all, all, 0, 0, 0x01}}, &Changer::position_to_element},
        Row{{Opcode::initialize_element_status_with_range, plain, 10, "INITIALIZE ELEMENT STATUS WITH RANGE",
             {0x37, 0x03, all, all, 0, 0, all, all}}, &Changer::initialize_element_status_with_range},
        Row{{Opcode::log_sense, plain, 10, "LOG SENSE", {0x4d, 0, all, all, 0, all, all, all, all}},
            &Changer::log_sense},
        Row{{Opcode::move_medium, plain, 12, "MOVE MEDIUM",
             {0xa5, 0, all, all, all, all, all, all, 0, 0, 0x01}}, &Changer::move_medium},
        Row{{Opcode::exchange_medium, plain, 12, "EXCHANGE MEDIUM",
             {0xa6, 0, all, all, all, all, all, all, all, all, 0x03}}, &Changer::exchange_medium},
        Row{{Opcode::request_volume_element_address, plain, 12, "REQUEST VOLUME ELEMENT ADDRESS",
             {0xb5, 0x1f, all, all, all, all, 0, all, all, all}}, &Changer::request_volume_element_address},
        Row{{Opcode::send_volume_tag, plain, 12, "SEND VOLUME TAG",
             {0xb6, 0x0f, all, all, 0, 0x1f, 0, 0, all, all}}, &Changer::send_volume_tag},
        Row{{Opcode::read_element_status, plain, 12, "READ ELEMENT STATUS",
             {0xb8, 0x1f, all, all, all, all, 0x03, all, all, all}}, &Changer::read_element_status},
        Row{{Opcode::vendor_initialize_element_status_with_range, plain, 10, "INITIALIZE ELEMENT STATUS WITH RANGE",
             {0xe7, 0x03, all, all, 0, 0, all, all}}, &Changer::initialize_element_status_with_range},
    })));
    // clang-format on
};

std::span<const scsi::CommandInfo> ChangerDevice::commands() {
    return ChangerCommands::table.infos();
}

void ChangerDevice::execute(Command& command, Reply reply) {
    command.device = this;
    dispatch(ChangerCommands::table, *this, command, std::move(reply));
}

// A move into a drive opens the cartridge there, one out of it writes what is left to write.
std::uint32_t ChangerDevice::recommended_timeout(const scsi::CommandInfo& info) const {
    constexpr std::uint32_t at_once_s = 60;
    constexpr std::uint32_t move_s = 600;
    return info.opcode == Opcode::move_medium || info.opcode == Opcode::exchange_medium ? move_s : at_once_s;
}

}  // namespace tcmud::devices
