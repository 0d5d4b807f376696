// SPDX-License-Identifier: Apache-2.0
// The commands of a disk: the one table that dispatches them and that REPORT SUPPORTED OPERATION CODES shows.
#include "handler/devices/block/block_device.hpp"

namespace tcmud::devices {

using scsi::Opcode;

// A friend, to name the private handlers.
struct BlockCommands {
    using Row = CommandRow<BlockDevice>;
    static constexpr std::uint16_t plain = scsi::no_service_action;

    // Byte 1 of most: DPO 10h, FUA 08h, BYTCHK 06h, UNMAP 08h; protection information is nowhere supported. The last
    // byte but one of 10-, 12- and 16-byte CDBs has GROUP NUMBER, which is accepted and ignored.
    static constexpr auto table = CommandTable(joined(primary_commands<BlockDevice>, std::array{
        Row{{Opcode::read_6, plain, 6, "READ(6)", {0x08, 0x1f, 0xff, 0xff, 0xff}}, &BlockDevice::read},
        Row{{Opcode::write_6, plain, 6, "WRITE(6)", {0x0a, 0x1f, 0xff, 0xff, 0xff}}, &BlockDevice::write},
        Row{{Opcode::start_stop_unit, plain, 6, "START STOP UNIT", {0x1b, 0x01, 0, 0x0f, 0xf7}},
            &BlockDevice::start_stop_unit},
        Row{{Opcode::read_capacity_10, plain, 10, "READ CAPACITY(10)", {0x25, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x01}},
            &BlockDevice::read_capacity_10},
        Row{{Opcode::read_10, plain, 10, "READ(10)", {0x28, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff}},
            &BlockDevice::read},
        Row{{Opcode::write_10, plain, 10, "WRITE(10)", {0x2a, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff}},
            &BlockDevice::write},
        Row{{Opcode::write_and_verify_10, plain, 10, "WRITE AND VERIFY(10)",
             {0x2e, 0x16, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff}},
            &BlockDevice::write_and_verify},
        Row{{Opcode::verify_10, plain, 10, "VERIFY(10)", {0x2f, 0x16, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff}},
            &BlockDevice::verify},
        Row{{Opcode::pre_fetch_10, plain, 10, "PRE-FETCH(10)", {0x34, 0x02, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff}},
            &BlockDevice::pre_fetch},
        Row{{Opcode::synchronize_cache_10, plain, 10, "SYNCHRONIZE CACHE(10)",
             {0x35, 0x06, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff}},
            &BlockDevice::synchronize_cache},
        Row{{Opcode::write_same_10, plain, 10, "WRITE SAME(10)",
             {0x41, 0x08, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff}},
            &BlockDevice::write_same},
        Row{{Opcode::unmap, plain, 10, "UNMAP", {0x42, 0, 0, 0, 0, 0, 0x3f, 0xff, 0xff}}, &BlockDevice::unmap},
        Row{{Opcode::third_party_copy_out, scsi::service_action::extended_copy_lid1, 16, "EXTENDED COPY",
             {0x83, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
            &BlockDevice::extended_copy},
        Row{{Opcode::third_party_copy_in, scsi::service_action::receive_copy_operating_parameters, 16,
             "RECEIVE COPY RESULTS",
             {0x84, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
            &BlockDevice::receive_copy_parameters},
        Row{{Opcode::read_16, plain, 16, "READ(16)",
             {0x88, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::read},
        Row{{Opcode::compare_and_write, plain, 16, "COMPARE AND WRITE",
             {0x89, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0x3f}},
            &BlockDevice::compare_and_write},
        Row{{Opcode::write_16, plain, 16, "WRITE(16)",
             {0x8a, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::write},
        Row{{Opcode::write_and_verify_16, plain, 16, "WRITE AND VERIFY(16)",
             {0x8e, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::write_and_verify},
        Row{{Opcode::verify_16, plain, 16, "VERIFY(16)",
             {0x8f, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::verify},
        Row{{Opcode::pre_fetch_16, plain, 16, "PRE-FETCH(16)",
             {0x90, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::pre_fetch},
        Row{{Opcode::synchronize_cache_16, plain, 16, "SYNCHRONIZE CACHE(16)",
             {0x91, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::synchronize_cache},
        Row{{Opcode::write_same_16, plain, 16, "WRITE SAME(16)",
             {0x93, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::write_same},
        Row{{Opcode::service_action_in_16, scsi::service_action::read_capacity_16, 16, "READ CAPACITY(16)",
             {0x9e, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
            &BlockDevice::read_capacity_16},
        Row{{Opcode::read_12, plain, 12, "READ(12)",
             {0xa8, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::read},
        Row{{Opcode::write_12, plain, 12, "WRITE(12)",
             {0xaa, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::write},
        Row{{Opcode::write_and_verify_12, plain, 12, "WRITE AND VERIFY(12)",
             {0xae, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::write_and_verify},
        Row{{Opcode::verify_12, plain, 12, "VERIFY(12)",
             {0xaf, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f}},
            &BlockDevice::verify},
    }));
};

std::span<const scsi::CommandInfo> BlockDevice::commands() { return BlockCommands::table.infos(); }

// Without thin provisioning there is no UNMAP.
bool BlockDevice::offers(const scsi::CommandInfo& info) const {
    return info.opcode != Opcode::unmap || traits_.unmap;
}

void BlockDevice::execute(Command& command, Reply reply) {
    command.device = this;
    dispatch(BlockCommands::table, *this, command, std::move(reply));
}

}  // namespace tcmud::devices
