// SPDX-License-Identifier: Apache-2.0
// UNMAP and WRITE SAME (SBC-3 5.28, 5.43 and 5.44).
#include <algorithm>
#include <cstring>

#include "handler/devices/aligned_memory.hpp"
#include "handler/devices/block/block_device.hpp"
#include "handler/devices/block/limits.hpp"
#include "handler/scsi/unmap.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_8;
using scsi::Outcome;

namespace {

constexpr ByteCount pattern_chunk{1024 * 1024};
// One step of a long job: after each, whether it was aborted is looked at.
constexpr ByteCount zero_chunk{1024 * 1024 * 1024};

bool all_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

// The least range that has all of them in it; of none: no blocks.
scsi::BlockRange hull_of(std::span<const scsi::BlockRange> ranges) {
    if (ranges.empty()) return {};
    std::uint64_t begin = ~std::uint64_t{0}, end = 0;
    for (const auto& range : ranges) {
        begin = std::min(begin, raw(range.first));
        end = std::max(end, raw(range.first) + raw(range.count));
    }
    return {Lba{begin}, BlockCount{end - begin}};
}

}  // namespace

void BlockDevice::unmap(Command& command, Reply reply) {
    if (const auto refused = refuse_change({})) return std::move(reply)(Outcome::check(*refused));
    auto list = parameter_list(command, get_16(command.cdb(), 7));
    if (!list) return std::move(reply)(Outcome::check(scsi::sense::parameter_list_length_error));
    answer(std::move(reply), unmap_ranges(command, std::move(*list)));
}

Steps<Outcome> BlockDevice::unmap_ranges(Command& command, std::vector<std::byte> list) {
    // The whole list is checked before anything is done.
    const auto ranges = scsi::parse_unmap(list, {unmap_descriptors, BlockCount{unmap_blocks}, capacity_});
    if (!ranges) co_return Outcome::check(ranges.error());
    const auto hull = hull_of(*ranges);
    auto held = co_await ClaimRange(ranges_, RangeClaim::Mode::shared, hull.first, hull.count, command.claim);
    for (const auto& range : *ranges) {
        if (command.aborted) co_return Outcome::aborted();
        const auto result = co_await Io{[&](Completion done) {
            backend_.unmap(offset(range.first), bytes(range.count), std::move(done));
        }};
        note_write(offset(range.first), bytes(range.count), Stable::no, result);
        if (result.status != IoStatus::ok)
            co_return outcome_of_write(result, range.first, settings_.block_size);
    }
    const auto outcome = co_await made_stable();
    // Who gets the range now may write what must not be unmapped again.
    if (outcome.status == scsi::Status::good && ranges_.anybody_waits())
        command.note(command, Command::Progress::done);
    co_return outcome;
}

void BlockDevice::write_same(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const auto address = scsi::block_address(cdb);
    const bool unmap = (get_8(cdb, 1) & 0x08) != 0;
    const bool no_data_out = (get_8(cdb, 1) & 0x01) != 0;  // NDOB, of WRITE SAME(16): zeros
    if (unmap && !traits_.unmap) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(1, 3)));
    }
    if (const auto refused = refuse_change(address)) return std::move(reply)(Outcome::check(*refused));
    if (raw(address.count) == 0) {  // WSNZ
        return std::move(reply)(
            Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(cdb.size() == 10 ? 7 : 10)));
    }
    // One block, or none. Another amount is another command than the initiator meant.
    if (raw(command.data_length) != (no_data_out ? 0 : settings_.block_size.bytes)) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_information_unit));
    }
    std::vector<std::byte> block(settings_.block_size.bytes);
    copy_from(command.data(), ByteCount{0}, block);
    // UNMAP asks for unmapping where the blocks then read as what was sent.
    if (traits_.write_zeroes && all_zero(block)) {
        answer(std::move(reply), write_zeros(command, address, unmap && unmap_reads_zero()));
    } else {
        answer(std::move(reply), write_pattern(command, address, std::move(block)));
    }
}

Steps<Outcome> BlockDevice::write_zeros(Command& command, Address address, bool unmap) {
    const auto length = bytes(address.count);
    auto held =
        co_await ClaimRange(ranges_, RangeClaim::Mode::shared, address.lba, address.count, command.claim);
    for (ByteCount at{0}; at < length; at = at + zero_chunk) {
        if (command.aborted) co_return Outcome::aborted();
        const auto size = std::min(zero_chunk, length - at);
        const auto where = offset(address.lba) + at;
        const auto result =
            co_await Io{[&](Completion done) { backend_.write_zeroes(where, size, unmap, std::move(done)); }};
        note_write(where, size, Stable::no, result);
        if (result.status != IoStatus::ok)
            co_return outcome_of_write(result, address.lba, settings_.block_size);
    }
    co_return co_await made_stable();
}

Steps<Outcome> BlockDevice::write_pattern(Command& command, Address address, std::vector<std::byte> block) {
    const auto length = bytes(address.count);
    AlignedMemory memory(std::min(length, pattern_chunk));
    const auto pattern = memory.bytes();
    for (std::size_t at = 0; at < pattern.size(); at += block.size()) {
        std::memcpy(&pattern[at], block.data(), block.size());
    }
    const auto stable = write_cache_ ? Stable::no : Stable::yes;
    auto held =
        co_await ClaimRange(ranges_, RangeClaim::Mode::shared, address.lba, address.count, command.claim);
    for (ByteCount at{0}; at < length; at = at + pattern_chunk) {
        if (command.aborted) co_return Outcome::aborted();
        const auto size = std::min(pattern_chunk, length - at);
        const auto where = offset(address.lba) + at;
        const auto buffers = memory.buffers(size);
        const auto result =
            co_await Io{[&](Completion done) { backend_.write(where, buffers, stable, std::move(done)); }};
        note_write(where, size, stable, result);
        if (result.status != IoStatus::ok)
            co_return outcome_of_write(result, address.lba, settings_.block_size);
    }
    co_return Outcome::data_out_taken();
}

// What has no stable form of its own is made stable by a flush, where the write cache is off.
Steps<Outcome> BlockDevice::made_stable() {
    if (write_cache_ || !traits_.volatile_cache) co_return Outcome::data_out_taken();
    const auto result = co_await Io{[&](Completion done) { flush(std::move(done)); }};
    co_return outcome_of_write(result, Lba{0}, settings_.block_size);
}

}  // namespace tcmud::devices
