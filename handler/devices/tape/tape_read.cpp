// SPDX-License-Identifier: Apache-2.0
// READ and VERIFY, and all the ways in which they end (SSC-5 5.13 and 6.5).
#include <algorithm>

#include "handler/devices/tape/block_protection.hpp"
#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::get_24;
using scsi::get_32;
using scsi::get_64;
using scsi::get_8;
using scsi::Outcome;
using scsi::Sense;

namespace {

namespace sense = scsi::sense;

bool is_sixteen_bytes(scsi::Bytes cdb) {
    return cdb.size() == 16;
}

}  // namespace

TapeDevice::Transfer TapeDevice::transfer_of(scsi::Bytes cdb) {
    return {(get_8(cdb, 1) & 0x01) != 0, (get_8(cdb, 1) & 0x02) != 0,
            is_sixteen_bytes(cdb) ? get_24(cdb, 12) : get_24(cdb, 2)};
}

// The longer commands say where they begin (explicit address mode).
Steps<TapeStatus> TapeDevice::go_where_said(Command& command) {
    const auto cdb = command.cdb();
    if (!is_sixteen_bytes(cdb)) co_return TapeStatus::ok;
    const std::uint32_t partition = get_8(cdb, 3);
    const auto object = get_64(cdb, 4);
    const auto at = where();
    if (at.partition == partition && at.object == object) co_return TapeStatus::ok;
    if (const auto settled = co_await settle(false); settled != TapeStatus::ok) co_return settled;
    if (const auto kept = co_await synchronized(); kept != TapeStatus::ok) co_return kept;
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.locate(partition, object, r, std::move(done)); }};
    co_return result.status;
}

Steps<Outcome> TapeDevice::read(Command& command) {
    const auto transfer = transfer_of(command.cdb());
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    // SSC-5 6.5: with FIXED, SILI is refused, and so is a block length of zero.
    if (transfer.fixed && (transfer.silent || block_length_ == 0)) {
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, transfer.silent ? 1 : 0));
    }
    if (const auto moved = co_await go_where_said(command); moved != TapeStatus::ok)
        co_return motion_failed(moved, 0);
    if (transfer.length == 0) co_return Outcome::good();
    if (transfer.fixed) co_return co_await read_fixed(command, transfer);
    co_return co_await read_variable(command, transfer);
}

Steps<Outcome> TapeDevice::read_variable(Command& command, Transfer transfer) {
    command.trim(std::min(ByteCount{transfer.length}, command.data_length));
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.read(command.data(), r, std::move(done)); }};
    if (result.status != TapeStatus::ok) co_return read_failed(result.status, transfer.length);
    co_return outcome_of_variable_read(command, transfer, result);
}

// SSC-5 6.5: what is expected and what is there differ.
Outcome TapeDevice::outcome_of_variable_read(Command& command, Transfer transfer, const TapeResult& result) {
    auto there = result.block_length;
    if (protect_reads_) {
        append_protection(command.data(), ByteCount{0}, there);
        there += protection_length;
    }
    const auto delivered = std::min(there, raw(command.data_length));
    const auto difference = static_cast<std::int64_t>(transfer.length) - static_cast<std::int64_t>(there);
    const bool silent = transfer.silent && (difference > 0 || block_length_ == 0);
    if (difference == 0 || silent) return Outcome::good(ByteCount{delivered});
    return {scsi::Status::check_condition, with_residue(sense::wrong_length, difference), delivered};
}

Steps<Outcome> TapeDevice::read_fixed(Command& command, Transfer transfer) {
    const std::uint64_t block = block_length_;
    const std::uint64_t data = protect_reads_ ? block - protection_length : block;
    std::uint64_t done = 0;
    const auto left = [&] { return static_cast<std::int64_t>(transfer.length - done); };
    // What the initiator has no room for is not read.
    while (done < transfer.length && done * block < raw(command.data_length)) {
        pieces_ = slice(command.data(), ByteCount{done * block}, ByteCount{block});
        const auto result = co_await TapeIo{
            [&](TapeResult& r, Completion finished) { backend_.read(pieces_, r, std::move(finished)); }};
        if (result.status != TapeStatus::ok || result.block_length != data) {
            auto outcome = result.status != TapeStatus::ok
                               ? read_failed(result.status, left())
                               : Outcome::check(with_residue(sense::wrong_length, left()));
            if (outcome.status == scsi::Status::check_condition) outcome.data_length = done * block;
            co_return outcome;
        }
        if (protect_reads_) append_protection(pieces_, ByteCount{0}, data);
        ++done;
        // Half way it ends only with what has moved the head being known.
        if (command.aborted) co_return Outcome::aborted();
    }
    co_return Outcome::good(ByteCount{std::min(done * block, raw(command.data_length))});
}

namespace {

// Bits of byte 1 of VERIFY(6).
constexpr unsigned verify_to_end = 0x20;
constexpr unsigned by_filemarks = 0x08;
constexpr unsigned fixed_blocks = 0x01;

}  // namespace

// SSC-5 6.12. Nothing is compared (BYTCMP): the backend's checksums are looked at.
Steps<Outcome> TapeDevice::verify(Command& command) {
    const auto cdb = command.cdb();
    const auto flags = get_8(cdb, 1);
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    const bool marks = (flags & by_filemarks) != 0;
    const bool to_end = (flags & verify_to_end) != 0;
    if ((flags & fixed_blocks) != 0 && block_length_ == 0)
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 0));
    std::uint64_t wanted = get_24(cdb, 2);
    // Without FIXED the length is that of one block, in bytes.
    if (!marks && (flags & fixed_blocks) == 0) wanted = wanted == 0 ? 0 : 1;
    constexpr std::uint64_t any = std::uint64_t{1} << 62;
    for (std::uint64_t done = 0; to_end || done < wanted;) {
        const auto blocks = marks || to_end ? any : wanted - done;
        const auto result = co_await TapeIo{
            [&](TapeResult& r, Completion finished) { backend_.verify(blocks, r, std::move(finished)); }};
        if (to_end && result.status == TapeStatus::end_of_data) break;
        if (result.status == TapeStatus::filemark && (marks || to_end)) {
            ++done;
            continue;
        }
        if (!marks) done += result.done;
        if (result.status != TapeStatus::ok) {
            co_return read_failed(result.status, static_cast<std::int64_t>(to_end ? 0 : wanted - done));
        }
    }
    co_return Outcome::good();
}

Sense TapeDevice::with_residue(const Sense& what, std::int64_t residue) const {
    // Negative ones are two's complement, of the field's width.
    const auto information = static_cast<std::uint64_t>(residue);
    return what.with_information(
        sense_format() == scsi::SenseFormat::fixed ? static_cast<std::uint32_t>(information) : information);
}

Outcome TapeDevice::read_failed(TapeStatus status, std::int64_t left) {
    if (status == TapeStatus::corrupt || status == TapeStatus::io_error) {
        raise_alert(TapeAlert::read_failure);
        ++read_failures_;
    }
    return failed(status, sense::unrecovered_read_error, static_cast<std::uint64_t>(left));
}

// The one place where a backend's result becomes what an initiator is told. error: of a store that fails;
// left: what was not done of the command.
Outcome TapeDevice::failed(TapeStatus status, Sense error, std::uint64_t left) {
    const auto check = [&](const Sense& what) {
        return Outcome::check(with_residue(what, static_cast<std::int64_t>(left)));
    };
    switch (status) {
        case TapeStatus::ok: return Outcome::good();
        case TapeStatus::filemark: return check(sense::filemark_detected);
        case TapeStatus::end_of_data: return check(sense::end_of_data_detected);
        case TapeStatus::beginning_of_partition: return check(sense::beginning_of_partition_detected);
        case TapeStatus::end_of_partition:
        case TapeStatus::no_space: return check(sense::volume_overflow);
        case TapeStatus::no_medium: return Outcome::check(sense::medium_not_present);
        case TapeStatus::write_protected: return Outcome::check(sense::write_protected);
        case TapeStatus::worm: return Outcome::check(sense::worm_overwrite_attempted);
        case TapeStatus::corrupt: return check(sense::unrecovered_read_error);
        case TapeStatus::key_missing: return check(sense::unable_to_decrypt);
        case TapeStatus::key_wrong: return check(sense::incorrect_encryption_key);
        case TapeStatus::not_encrypted: return check(sense::unencrypted_data);
        case TapeStatus::unsupported: return Outcome::check(sense::invalid_field_in_cdb);
        case TapeStatus::aborted: return Outcome::aborted();
        case TapeStatus::io_error: break;
    }
    return check(error);
}

}  // namespace tcmud::devices
