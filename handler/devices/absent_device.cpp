// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/absent_device.hpp"

#include <array>
#include <cassert>
#include <utility>

namespace tcmud::devices {

namespace {

constexpr std::array absent_vpd_pages{
    scsi::VpdPage::supported_pages,
    scsi::VpdPage::unit_serial_number,
    scsi::VpdPage::device_identification,
};

// What a device answers that cannot do what it is there for; every other command ends NOT READY.
constexpr CommandTable absent_commands(primary_commands<AbsentDevice>);

PrimaryDevice::Type absent(scsi::DeviceType type) {
    return {{type, true, false, {}}, {}, absent_vpd_pages, absent_commands.infos()};
}

}  // namespace

AbsentDevice::AbsentDevice(scsi::DeviceType type, Host& host) : PrimaryDevice(absent(type), host) {}

void AbsentDevice::execute(Command& command, Reply reply) {
    command.device = this;
    const auto* const row = absent_commands.find(command.cdb());
    const bool needs_backend = !row || row->info.opcode == scsi::Opcode::mode_sense_6 ||
                               row->info.opcode == scsi::Opcode::mode_sense_10 ||
                               row->info.opcode == scsi::Opcode::mode_select_6 ||
                               row->info.opcode == scsi::Opcode::mode_select_10;
    if (needs_backend) return std::move(reply)(scsi::Outcome::check(scsi::sense::not_ready_cause_unknown));
    dispatch(absent_commands, *this, command, std::move(reply));
}

scsi::Writer AbsentDevice::vpd_page(scsi::VpdPage) {
    assert(false);
    return {};
}

}  // namespace tcmud::devices
