// SPDX-License-Identifier: Apache-2.0
// READ CAPACITY (SBC-3 5.15 and 5.16).
#include <algorithm>
#include <bit>

#include "handler/devices/block/block_device.hpp"

namespace tcmud::devices {

using scsi::get_32;
using scsi::get_64;
using scsi::get_8;
using scsi::Outcome;

namespace {

// Without PMI, LOGICAL BLOCK ADDRESS has to be zero. With it, every block is as near as the last one.
bool asks_for_the_whole(scsi::Bytes cdb) {
    const bool partial = (get_8(cdb, cdb.size() == 10 ? 8 : 14) & 0x01) != 0;
    return partial || (cdb.size() == 10 ? get_32(cdb, 2) : get_64(cdb, 2)) == 0;
}

}  // namespace

void BlockDevice::read_capacity_10(Command& command, Reply reply) {
    if (const auto why_not = not_ready()) return std::move(reply)(Outcome::check(*why_not));
    if (!asks_for_the_whole(command.cdb())) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(2)));
    }
    constexpr std::uint64_t ask_read_capacity_16 = 0xffffffff;
    scsi::Writer data;
    data.u32(std::min(raw(capacity_) - 1, ask_read_capacity_16)).u32(settings_.block_size.bytes);
    std::move(reply)(send(command, data, data.size()));
}

void BlockDevice::read_capacity_16(Command& command, Reply reply) {
    if (const auto why_not = not_ready()) return std::move(reply)(Outcome::check(*why_not));
    if (!asks_for_the_whole(command.cdb())) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(2)));
    }
    // LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT
    const auto blocks = std::max<std::uint64_t>(1, raw(traits_.physical_block) / settings_.block_size.bytes);
    const unsigned provisioning = (traits_.unmap ? 0x80u : 0u) | (unmap_reads_zero() ? 0x40u : 0u);
    scsi::Writer data;
    data.u64(raw(capacity_) - 1).u32(settings_.block_size.bytes);
    data.u8(0).u8(static_cast<unsigned>(std::bit_width(blocks) - 1)).u8(provisioning).u8(0);
    data.zeros(16);
    std::move(reply)(send(command, data, get_32(command.cdb(), 10)));
}

}  // namespace tcmud::devices
