// SPDX-License-Identifier: Apache-2.0
// The commands of a disk: the one table that dispatches them and that REPORT SUPPORTED OPERATION CODES shows.
#include "handler/devices/block/block_device.hpp"

namespace tcmud::devices {

using scsi::Opcode;

namespace {

// Bits of byte 1. RDPROTECT and its like are nowhere among them: protection information does not reach TCMU.
constexpr std::uint8_t dpo = 0x10;
constexpr std::uint8_t fua = 0x08;
constexpr std::uint8_t fua_nv = 0x02;  // Obsolete: accepted without effect.
constexpr std::uint8_t bytchk = 0x06;
constexpr std::uint8_t immed = 0x02;
constexpr std::uint8_t sync_nv = 0x04;  // Obsolete: accepted without effect.
constexpr std::uint8_t unmap_bit = 0x08;
constexpr std::uint8_t ndob = 0x01;

// A command with LOGICAL BLOCK ADDRESS, TRANSFER LENGTH and GROUP NUMBER (accepted, without effect) where its
// length puts them.
consteval scsi::CommandInfo addressing(Opcode opcode, std::string_view name, std::uint8_t byte_1) {
    scsi::CommandInfo info{opcode, scsi::no_service_action, 0, name, {}};
    info.length = scsi::fixed_cdb_length(static_cast<std::uint8_t>(opcode));
    info.usage[0] = static_cast<std::uint8_t>(opcode);
    for (std::size_t i = 1; i + 1u < info.length; ++i) info.usage[i] = 0xff;
    info.usage[1] = byte_1;
    constexpr std::uint8_t group_number = 0x3f;
    if (info.length == 10) info.usage[6] = group_number;
    if (info.length == 12 || info.length == 16) info.usage[info.length - 2u] = group_number;
    return info;
}

consteval scsi::CommandInfo compare_and_write_info() {
    auto info = addressing(Opcode::compare_and_write, "COMPARE AND WRITE", dpo | fua | fua_nv);
    info.usage[10] = info.usage[11] = info.usage[12] = 0;  // NUMBER OF LOGICAL BLOCKS is byte 13 alone.
    return info;
}

}  // namespace

// A friend, to name the private handlers.
struct BlockCommands {
    using Row = CommandRow<BlockDevice>;
    using Disk = BlockDevice;
    static constexpr std::uint16_t plain = scsi::no_service_action;
    static constexpr std::uint8_t all = 0xff;

    // clang-format off
    static constexpr auto table = CommandTable(joined(primary_commands<BlockDevice>, std::array{
        Row{addressing(Opcode::read_6, "READ(6)", 0x1f), &Disk::read},
        Row{addressing(Opcode::read_10, "READ(10)", dpo | fua | fua_nv), &Disk::read},
        Row{addressing(Opcode::read_12, "READ(12)", dpo | fua | fua_nv), &Disk::read},
        Row{addressing(Opcode::read_16, "READ(16)", dpo | fua | fua_nv), &Disk::read},
        Row{addressing(Opcode::write_6, "WRITE(6)", 0x1f), &Disk::write},
        Row{addressing(Opcode::write_10, "WRITE(10)", dpo | fua | fua_nv), &Disk::write},
        Row{addressing(Opcode::write_12, "WRITE(12)", dpo | fua | fua_nv), &Disk::write},
        Row{addressing(Opcode::write_16, "WRITE(16)", dpo | fua | fua_nv), &Disk::write},
        Row{addressing(Opcode::write_and_verify_10, "WRITE AND VERIFY(10)", dpo | bytchk), &Disk::write_and_verify},
        Row{addressing(Opcode::write_and_verify_12, "WRITE AND VERIFY(12)", dpo | bytchk), &Disk::write_and_verify},
        Row{addressing(Opcode::write_and_verify_16, "WRITE AND VERIFY(16)", dpo | bytchk), &Disk::write_and_verify},
        Row{addressing(Opcode::verify_10, "VERIFY(10)", dpo | bytchk), &Disk::verify},
        Row{addressing(Opcode::verify_12, "VERIFY(12)", dpo | bytchk), &Disk::verify},
        Row{addressing(Opcode::verify_16, "VERIFY(16)", dpo | bytchk), &Disk::verify},
        Row{addressing(Opcode::pre_fetch_10, "PRE-FETCH(10)", immed), &Disk::pre_fetch},
        Row{addressing(Opcode::pre_fetch_16, "PRE-FETCH(16)", immed), &Disk::pre_fetch},
        Row{addressing(Opcode::synchronize_cache_10, "SYNCHRONIZE CACHE(10)", sync_nv | immed), &Disk::synchronize_cache},
        Row{addressing(Opcode::synchronize_cache_16, "SYNCHRONIZE CACHE(16)", sync_nv | immed), &Disk::synchronize_cache},
        Row{addressing(Opcode::write_same_10, "WRITE SAME(10)", unmap_bit), &Disk::write_same},
        Row{addressing(Opcode::write_same_16, "WRITE SAME(16)", unmap_bit | ndob), &Disk::write_same},
        Row{compare_and_write_info(), &Disk::compare_and_write},
        Row{{Opcode::unmap, plain, 10, "UNMAP", {0x42, 0, 0, 0, 0, 0, 0x3f, all, all}}, &Disk::unmap},
        Row{{Opcode::start_stop_unit, plain, 6, "START STOP UNIT", {0x1b, 0x01, 0, 0x0f, 0xf7}}, &Disk::start_stop_unit},
        Row{{Opcode::read_capacity_10, plain, 10, "READ CAPACITY(10)",
             {0x25, 0, all, all, all, all, 0, 0, 0x01}}, &Disk::read_capacity_10},
        Row{{Opcode::service_action_in_16, scsi::service_action::read_capacity_16, 16, "READ CAPACITY(16)",
             {0x9e, 0x1f, all, all, all, all, all, all, all, all, all, all, all, all, 0x01}}, &Disk::read_capacity_16},
        Row{{Opcode::third_party_copy_out, scsi::service_action::extended_copy_lid1, 16, "EXTENDED COPY",
             {0x83, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, all, all, all, all}}, &Disk::extended_copy},
        Row{{Opcode::third_party_copy_in, scsi::service_action::receive_copy_operating_parameters, 16,
             "RECEIVE COPY RESULTS", {0x84, 0x1f, all, 0, 0, 0, 0, 0, 0, 0, all, all, all, all}},
            &Disk::receive_copy_parameters},
    }));
    // clang-format on
};

std::span<const scsi::CommandInfo> BlockDevice::commands() {
    return BlockCommands::table.infos();
}

// Without thin provisioning there is no UNMAP.
bool BlockDevice::offers(const scsi::CommandInfo& info) const {
    return info.opcode != Opcode::unmap || traits_.unmap;
}

void BlockDevice::execute(Command& command, Reply reply) {
    command.device = this;
    dispatch(BlockCommands::table, *this, command, std::move(reply));
}

}  // namespace tcmud::devices
