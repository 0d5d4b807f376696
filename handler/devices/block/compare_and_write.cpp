// SPDX-License-Identifier: Apache-2.0
// COMPARE AND WRITE (SBC-3 5.2): atomic against every other write of the LUN.
#include "handler/devices/aligned_memory.hpp"
#include "handler/devices/block/block_device.hpp"
#include "handler/devices/block/compare.hpp"

namespace tcmud::devices {

using scsi::Outcome;

void BlockDevice::compare_and_write(Command& command, Reply reply) {
    const auto address = scsi::block_address(command.cdb());
    // What a predecessor has begun to write is written in full, whatever was forbidden since.
    const bool begun = command.progress == Command::Progress::matched;
    const auto refused = begun ? std::nullopt : refuse_change(address);
    if (refused) return std::move(reply)(Outcome::check(*refused));
    if (!fits(address.lba, address.count, capacity_))
        return std::move(reply)(Outcome::check(scsi::sense::lba_out_of_range));
    // The blocks to compare with, then the blocks to write: exactly those. A longer buffer is no harmless
    // excess here. An initiator that compares 256 blocks finds 0 in its CDB, and must not be told that they
    // were equal.
    if (raw(address.count) == 0 && raw(command.data_length) != 0) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(13)));
    }
    if (raw(command.data_length) != 2 * raw(bytes(address.count))) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_information_unit));
    }
    if (raw(address.count) == 0) return std::move(reply)(Outcome::data_out_taken());
    answer(std::move(reply), compare_then_write(command, address));
}

Steps<Outcome> BlockDevice::compare_then_write(Command& command, Address address) {
    const auto length = bytes(address.count);
    const auto at = offset(address.lba);
    auto held =
        co_await ClaimRange(ranges_, RangeClaim::Mode::exclusive, address.lba, address.count, command.claim);
    if (command.aborted) co_return Outcome::aborted();
    // A predecessor has compared, and may have written a part: the data that is there says nothing.
    if (command.progress != Command::Progress::matched) {
        const auto outcome = co_await compare(command, address);
        if (outcome.status != scsi::Status::good) co_return outcome;
        command.note(command, Command::Progress::matched);
    }

    const auto replacement = slice(command.data(), length, length);
    const auto stable = stability(command.cdb());
    const auto written =
        co_await Io{[&](Completion done) { backend_.write(at, replacement, stable, std::move(done)); }};
    note_write(at, length, stable, written);
    // Before anybody else may have the range.
    if (written.status == IoStatus::ok) command.note(command, Command::Progress::done);
    co_return outcome_of_write(written, address.lba, settings_.block_size);
}

Steps<Outcome> BlockDevice::compare(Command& command, Address address) {
    const auto length = bytes(address.count);
    AlignedMemory memory(length);
    const auto read = co_await Io{
        [&](Completion done) { backend_.read(offset(address.lba), memory.buffers(), std::move(done)); }};
    const auto outcome = outcome_of_read(read, length, address.lba, settings_.block_size);
    if (outcome.status != scsi::Status::good) co_return outcome;
    if (const auto differs = first_difference(command.data(), ByteCount{0}, memory.bytes())) {
        co_return Outcome::check(scsi::sense::miscompare_during_verify.with_information(*differs));
    }
    co_return outcome;
}

}  // namespace tcmud::devices
