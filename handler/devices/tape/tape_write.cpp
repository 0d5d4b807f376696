// SPDX-License-Identifier: Apache-2.0
// WRITE, WRITE FILEMARKS and ERASE, and what the end of the tape says to them (SSC-5 5.x and 6.x).
#include <algorithm>

#include "handler/devices/tape/block_protection.hpp"
#include "handler/devices/tape/tape_device.hpp"
#include "handler/devices/tape/tape_pages.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_24;
using scsi::get_8;
using scsi::Outcome;
using scsi::Sense;

namespace {

namespace sense = scsi::sense;

constexpr std::uint8_t immediately = 0x01;  // IMMED of WRITE FILEMARKS.

}  // namespace

std::optional<Sense> TapeDevice::refuse_change() const {
    if (const auto why_not = not_ready()) return why_not;
    if (medium()->write_protected) return sense::write_protected;
    if (mode_bit(mode_page::control, 4, 0x08)) return sense::software_write_protected;
    if (!can_write(medium()->density)) return sense::incompatible_format;
    return std::nullopt;
}

std::optional<Sense> TapeDevice::refuse_write() const {
    if (const auto refused = refuse_change()) return refused;
    return refuse_overwrite();
}

bool TapeDevice::at_end_of_data() const {
    if (resume_) return resume_at_end_of_data_;
    const auto at = where();
    const auto& partitions = medium()->partitions;
    return at.partition < partitions.size() && partitions[at.partition].end_of_data.object == at.object;
}

bool TapeDevice::append_only() const {
    return mode_pages().current(mode_page::device_configuration, 5, mode_page::extension) >> 4 == 1;
}

// SSC-5 4.2.19: in append-only mode only ALLOW OVERWRITE opens what is written.
std::optional<Sense> TapeDevice::refuse_overwrite() const {
    if (!append_only() || at_end_of_data() || overwrite_at_ == where()) return std::nullopt;
    return sense::worm_overwrite_attempted;
}

Steps<Outcome> TapeDevice::write(Command& command) {
    const auto transfer = transfer_of(command.cdb());
    if (const auto refused = refuse_write()) co_return write_refused(*refused);
    if (transfer.fixed && block_length_ == 0)
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 0));
    const auto on_wire = transfer.fixed ? block_length_ : transfer.length;
    const auto overhead = protect_writes_ ? protection_length : 0;
    if (transfer.length != 0 && (on_wire <= overhead || on_wire - overhead > largest_tape_block))
        co_return Outcome::check(
            sense::invalid_field_in_cdb.in_cdb_byte(command.cdb().size() == 16 ? 12 : 2));
    if (const auto moved = co_await go_where_said(command); moved != TapeStatus::ok)
        co_return motion_failed(moved, 0);
    if (transfer.length == 0) co_return Outcome::good();
    const auto length = ByteCount{std::uint64_t{on_wire} * (transfer.fixed ? transfer.length : 1)};
    if (raw(command.data_length) < raw(length))
        co_return Outcome::check(sense::invalid_field_in_information_unit);
    command.trim(length);
    co_return co_await write_blocks(command, transfer, on_wire);
}

Steps<Outcome> TapeDevice::write_blocks(Command& command, Transfer transfer, std::uint32_t on_wire) {
    if (const auto settled = co_await settle(true); settled != TapeStatus::ok)
        co_return failed(settled, sense::write_error, transfer.length);
    TapeResult result;
    if (protect_writes_) {
        result = co_await write_protected_blocks(command, transfer, on_wire);
    } else {
        result = co_await TapeIo{[&](TapeResult& r, Completion done) {
            backend_.write(command.data(), on_wire, r, std::move(done));
        }};
    }
    const auto left = transfer.fixed ? transfer.length - result.done : transfer.length;
    if (result.status == TapeStatus::corrupt)
        co_return Outcome::check(
            with_residue(sense::protection_check_failed, static_cast<std::int64_t>(left)));
    co_return co_await after_write(result, left, buffered_mode_ == 0);
}

// Each block is checked before it is written; the first whose checksum is wrong ends it as `corrupt`.
Steps<TapeResult> TapeDevice::write_protected_blocks(Command& command, Transfer transfer,
                                                     std::uint32_t on_wire) {
    const auto block = on_wire - protection_length;
    TapeResult all;
    all.status = TapeStatus::ok;
    const std::uint64_t count = transfer.fixed ? transfer.length : 1;
    for (; all.done < count && all.status == TapeStatus::ok; all.done += all.status == TapeStatus::ok) {
        const ByteCount at{all.done * on_wire};
        if (!is_protected(command.data(), at, block)) {
            all.status = TapeStatus::corrupt;
            break;
        }
        pieces_ = slice(command.data(), at, ByteCount{block});
        const auto result = co_await TapeIo{
            [&](TapeResult& r, Completion done) { backend_.write(pieces_, block, r, std::move(done)); }};
        all.status = result.status;
    }
    co_return all;
}

// left: what was not written, in the command's units.
Steps<Outcome> TapeDevice::after_write(const TapeResult& result, std::uint64_t left, bool synchronously) {
    unsynchronized_ = true;
    overwrite_at_.reset();
    if (result.status != TapeStatus::ok) co_return write_failed(result.status, left);
    if (synchronously) {
        const auto kept = co_await synchronized();
        if (kept != TapeStatus::ok) co_return write_failed(kept, left);
    }
    if (const auto warning = early_warning()) co_return Outcome::check(*warning);
    co_return Outcome::data_out_taken();
}

Outcome TapeDevice::write_refused(const Sense& refused) {
    if (refused == sense::write_protected) raise_alert(TapeAlert::write_protect);
    if (refused == sense::incompatible_format) raise_alert(TapeAlert::read_only_format);
    return Outcome::check(refused);
}

Outcome TapeDevice::write_failed(TapeStatus status, std::uint64_t left) {
    if (status == TapeStatus::io_error || status == TapeStatus::no_space) {
        raise_alert(TapeAlert::write_failure);
        ++write_failures_;
    }
    return failed(status, sense::write_error, left);
}

// Room for what closes a tape: labels, or an index of LTFS, of many blocks.
ByteCount TapeDevice::early_warning_zone() const {
    constexpr std::uint64_t mib = 1024 * 1024;
    const auto partition = where().partition;
    if (partition >= medium()->partitions.size()) return ByteCount{0};
    const auto capacity = raw(medium()->partitions[partition].capacity);
    return ByteCount{std::min(std::clamp(capacity / 100, 25 * mib, 256 * mib), capacity / 4)};
}

// PEWS of the device configuration extension page, in 10^6 bytes; 0: there is no such warning.
ByteCount TapeDevice::programmable_zone() const {
    constexpr auto page = mode_page::device_configuration;
    const auto high = mode_pages().current(page, 6, mode_page::extension);
    const auto low = mode_pages().current(page, 7, mode_page::extension);
    const std::uint64_t megabytes = std::uint64_t{high} << 8 | low;
    return ByteCount{megabytes * 1'000'000};
}

// SSC-5 4.2.6
std::optional<Sense> TapeDevice::early_warning() {
    const auto zone = early_warning_zone();
    if (backend_.in_last(zone)) {
        return with_residue(sense::end_of_partition_detected, 0);
    }
    const auto programmable = programmable_zone();
    const bool within = raw(programmable) != 0 && backend_.in_last(zone + programmable);
    const bool first = within && !told_programmable_;
    told_programmable_ = within;
    if (!first) return std::nullopt;
    return with_residue(sense::programmable_early_warning, 0);
}

// SSC-5 6.14: without IMMED all that was written before survives power loss.
Steps<Outcome> TapeDevice::write_filemarks(Command& command) {
    const auto cdb = command.cdb();
    const bool wait = (get_8(cdb, 1) & immediately) == 0;
    const std::uint32_t count = get_24(cdb, cdb.size() == 16 ? 12 : 2);
    if (count == 0) {
        if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
        const auto kept = wait ? co_await synchronized() : TapeStatus::ok;
        co_return kept == TapeStatus::ok ? Outcome::good() : write_failed(kept, 0);
    }
    if (const auto refused = refuse_write()) co_return write_refused(*refused);
    if (const auto moved = co_await go_where_said(command); moved != TapeStatus::ok)
        co_return motion_failed(moved, 0);
    if (const auto settled = co_await settle(true); settled != TapeStatus::ok)
        co_return failed(settled, sense::write_error, count);
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.write_filemarks(count, r, std::move(done)); }};
    co_return co_await after_write(result, count - result.done, wait);
}

// SSC-5 5.2: both lengths end the data here; the rest of the medium holds nothing that could be read.
Steps<Outcome> TapeDevice::erase(Command&) {
    if (const auto refused = refuse_write()) co_return write_refused(*refused);
    if (medium()->worm) co_return Outcome::check(sense::worm_overwrite_attempted);
    if (const auto settled = co_await settle(true); settled != TapeStatus::ok)
        co_return failed(settled, sense::write_error, 0);
    const auto result =
        co_await TapeIo{[&](TapeResult& r, Completion done) { backend_.erase(r, std::move(done)); }};
    overwrite_at_.reset();
    co_return result.status == TapeStatus::ok ? Outcome::good() : write_failed(result.status, 0);
}

}  // namespace tcmud::devices
