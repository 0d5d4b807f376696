// SPDX-License-Identifier: Apache-2.0
// VERIFY and WRITE AND VERIFY (SBC-3 5.29 to 5.31, 5.40 to 5.42).
#include <algorithm>

#include "handler/devices/aligned_memory.hpp"
#include "handler/devices/block/block_device.hpp"
#include "handler/devices/block/compare.hpp"

namespace tcmud::devices {

using scsi::get_8;
using scsi::Outcome;

namespace {

// BYTCHK
enum ByteCheck : unsigned { medium_only = 0, all_blocks = 1, one_block = 3 };

unsigned byte_check_of(scsi::Bytes cdb) {
    return get_8(cdb, 1) >> 1 & 3;
}

constexpr ByteCount verify_chunk{1024 * 1024};

}  // namespace

void BlockDevice::verify(Command& command, Reply reply) {
    const auto address = scsi::block_address(command.cdb());
    const auto check = byte_check_of(command.cdb());
    if (check == 2) return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(1, 2)));
    if (const auto refused = refuse_access(address)) return std::move(reply)(Outcome::check(*refused));
    const auto needed = check == all_blocks  ? bytes(address.count)
                        : check == one_block ? ByteCount{settings_.block_size.bytes}
                                             : ByteCount{0};
    if (raw(address.count) != 0 && raw(command.data_length) < raw(needed)) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_information_unit));
    }
    answer(std::move(reply), verify_blocks(command, address, check));
}

void BlockDevice::write_and_verify(Command& command, Reply reply) {
    const auto address = scsi::block_address(command.cdb());
    const auto check = byte_check_of(command.cdb());
    if (check > all_blocks) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(1, 2)));
    }
    if (const auto refused = refuse_change(address)) return std::move(reply)(Outcome::check(*refused));
    if (raw(command.data_length) < raw(bytes(address.count))) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_information_unit));
    }
    command.trim(bytes(address.count));
    answer(std::move(reply), write_then_verify(command, address, check));
}

Steps<Outcome> BlockDevice::write_then_verify(Command& command, Address address, unsigned byte_check) {
    const auto length = bytes(address.count);
    if (raw(length) == 0) co_return Outcome::data_out_taken();
    // Nobody may write in between: what is read back is what was written.
    auto held =
        co_await ClaimRange(ranges_, RangeClaim::Mode::exclusive, address.lba, address.count, command.claim);
    if (command.aborted) co_return Outcome::aborted();
    const auto written = co_await Io{[&](Completion done) {
        backend_.write(offset(address.lba), command.data(), Stable::yes, std::move(done));
    }};
    note_write(offset(address.lba), length, Stable::yes, written);
    if (written.status != IoStatus::ok)
        co_return outcome_of_write(written, address.lba, settings_.block_size);
    const auto outcome = co_await verify_blocks(command, address, byte_check);
    co_return outcome.status == scsi::Status::good ? Outcome::data_out_taken() : outcome;
}

Steps<Outcome> BlockDevice::verify_blocks(Command& command, Address address, unsigned byte_check) {
    const auto length = bytes(address.count);
    if (raw(length) == 0) co_return Outcome::good();
    AlignedMemory memory(std::min(verify_chunk, length));
    for (ByteCount at{0}; at < length; at = at + verify_chunk) {
        if (command.aborted) co_return Outcome::aborted();
        const auto size = std::min(verify_chunk, length - at);
        const auto buffers = memory.buffers(size);
        const auto read = co_await Io{
            [&](Completion done) { backend_.read(offset(address.lba) + at, buffers, std::move(done)); }};
        const auto first = address.lba + at / settings_.block_size;
        const auto outcome = outcome_of_read(read, size, first, settings_.block_size);
        if (outcome.status != scsi::Status::good) co_return outcome;
        if (byte_check == medium_only) continue;
        const auto stored = memory.bytes().first(raw(size));
        const auto differs = byte_check == all_blocks
                                 ? first_difference(command.data(), at, stored)
                                 : first_difference_from_block(command.data(), settings_.block_size, stored);
        if (differs) {
            co_return Outcome::check(
                scsi::sense::miscompare_during_verify.with_information(raw(at) + *differs));
        }
    }
    co_return byte_check == medium_only ? Outcome::good() : Outcome::data_out_taken();
}

}  // namespace tcmud::devices
