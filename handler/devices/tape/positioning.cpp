// SPDX-License-Identifier: Apache-2.0
// SPACE, LOCATE, REWIND and READ POSITION.
#include <limits>

#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_24;
using scsi::get_32;
using scsi::get_64;
using scsi::get_8;
using scsi::Outcome;
using scsi::Writer;

namespace {

namespace sense = scsi::sense;

bool is_long(scsi::Bytes cdb) {
    return cdb.size() == 16;
}

// COUNT, in two's complement.
std::int64_t space_count(scsi::Bytes cdb) {
    if (is_long(cdb)) return static_cast<std::int64_t>(get_64(cdb, 4));
    const auto count = static_cast<std::int64_t>(get_24(cdb, 2));
    constexpr std::int64_t sign = 0x80'0000;
    return (count ^ sign) - sign;
}

}  // namespace

// What was written is stable before the head leaves it.
Steps<TapeStatus> TapeDevice::synchronized() {
    if (!unsynchronized_ || !medium()) co_return TapeStatus::ok;
    const auto result =
        co_await TapeIo{[&](TapeResult& r, Completion done) { backend_.synchronize(r, std::move(done)); }};
    if (result.status == TapeStatus::ok) unsynchronized_ = false;
    co_return result.status;
}

Outcome TapeDevice::motion_failed(TapeStatus status, std::uint64_t left) {
    // LOCATE: there is nothing left to tell.
    if (status == TapeStatus::end_of_data && left == 0) return Outcome::check(sense::end_of_data_detected);
    return failed(status, sense::unrecovered_read_error, left);
}

// SSC-5 6.11. The residue is positive in both directions.
Steps<Outcome> TapeDevice::space(Command& command) {
    enum Code : unsigned { blocks = 0, filemarks = 1, end_of_data = 3 };
    const auto cdb = command.cdb();
    const unsigned code = get_8(cdb, 1) & 0x0f;
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    if (code != blocks && code != filemarks && code != end_of_data)
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 3));
    const auto count = space_count(cdb);
    if (count == 0 && code != end_of_data) co_return Outcome::good();
    if (const auto kept = co_await synchronized(); kept != TapeStatus::ok) co_return write_failed(kept, 0);
    if (code == end_of_data) {
        const auto result = co_await TapeIo{
            [&](TapeResult& r, Completion done) { backend_.space_to_end(r, std::move(done)); }};
        co_return result.status == TapeStatus::ok ? Outcome::good() : motion_failed(result.status, 0);
    }
    const auto over = code == blocks ? TapeSpacing::blocks : TapeSpacing::filemarks;
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.space(over, count, r, std::move(done)); }};
    if (result.status == TapeStatus::ok) co_return Outcome::good();
    const auto wanted = count < 0 ? -static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    co_return failed(result.status, sense::unrecovered_read_error, wanted - result.done);
}

// SSC-5 6.4. BT, a vendor's address, is taken for the block number, as Linux' st means it.
Steps<Outcome> TapeDevice::locate_10(Command& command) {
    const auto cdb = command.cdb();
    const bool change_partition = (get_8(cdb, 1) & 0x02) != 0;
    co_return co_await locate(change_partition, get_8(cdb, 8), get_32(cdb, 3));
}

Steps<Outcome> TapeDevice::locate(bool change_partition, std::uint32_t partition, std::uint64_t object) {
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    if (const auto kept = co_await synchronized(); kept != TapeStatus::ok) co_return write_failed(kept, 0);
    const auto to = change_partition ? partition : backend_.position().partition;
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.locate(to, object, r, std::move(done)); }};
    co_return result.status == TapeStatus::ok ? Outcome::good() : motion_failed(result.status, 0);
}

// SSC-5 7.3
Steps<Outcome> TapeDevice::locate_16(Command& command) {
    enum Destination : unsigned { object_identifier = 0, file_identifier = 1, end_of_data = 3 };
    const auto cdb = command.cdb();
    const unsigned destination = get_8(cdb, 1) >> 3 & 0x07;
    const bool change_partition = (get_8(cdb, 1) & 0x02) != 0;
    const auto number = get_64(cdb, 4);
    if (destination == object_identifier) co_return co_await locate(change_partition, get_8(cdb, 3), number);
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    if (destination != file_identifier && destination != end_of_data)
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 5));
    if (const auto kept = co_await synchronized(); kept != TapeStatus::ok) co_return write_failed(kept, 0);
    const auto to = change_partition ? get_8(cdb, 3) : backend_.position().partition;
    auto result = co_await TapeIo{[&](TapeResult& r, Completion done) {
        backend_.locate_file(to, destination == file_identifier ? number : 0, r, std::move(done));
    }};
    if (destination == end_of_data && result.status == TapeStatus::ok)
        result = co_await TapeIo{
            [&](TapeResult& r, Completion done) { backend_.space_to_end(r, std::move(done)); }};
    co_return result.status == TapeStatus::ok ? Outcome::good() : motion_failed(result.status, 0);
}

// SSC-5 6.9: to the beginning of the partition. With IMMED too it is answered there: that is soon.
Steps<Outcome> TapeDevice::rewind(Command&) {
    co_return co_await locate(false, 0, 0);
}

// BOP, EOP and BPEW stand in one place in all forms.
unsigned TapeDevice::position_flags() const {
    constexpr unsigned beginning = 0x80, end = 0x40, beyond_programmable = 0x01;
    const auto zone = early_warning_zone();
    unsigned flags = 0;
    if (backend_.position().object == 0) flags |= beginning;
    if (backend_.in_last(zone)) flags |= end;
    const auto programmable = programmable_zone();
    if (raw(programmable) != 0 && backend_.in_last(zone + programmable)) flags |= beyond_programmable;
    return flags;
}

// SSC-5 6.6.2
Writer TapeDevice::short_position() const {
    constexpr unsigned position_error = 0x02;
    const auto at = backend_.position();
    const bool fits = at.object <= std::numeric_limits<std::uint32_t>::max();
    const auto object = fits ? at.object : 0;
    Writer data;
    data.u8(position_flags() | (fits ? 0 : position_error)).u8(at.partition).u16(0);
    data.u32(object).u32(object);  // Nothing is buffered: the first and the last are the same.
    data.zeros(8);
    return data;
}

// SSC-5 6.6.3
Writer TapeDevice::long_position() const {
    const auto at = backend_.position();
    Writer data;
    data.u8(position_flags()).u24(0).u32(at.partition).u64(at.object).u64(at.file).u64(0);
    return data;
}

// SSC-5 6.6.4
Writer TapeDevice::extended_position() const {
    const auto at = backend_.position();
    Writer data;
    data.u8(position_flags()).u8(at.partition).u16(0x1c).u32(0).u64(at.object).u64(at.object).u64(0);
    return data;
}

Steps<Outcome> TapeDevice::read_position(Command& command) {
    enum Form : unsigned { short_form = 0, short_form_by_vendor = 1, long_form = 6, extended_form = 8 };
    const auto cdb = command.cdb();
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    constexpr std::uint64_t whole = 32;
    switch (get_8(cdb, 1) & 0x1f) {
        case short_form:
        case short_form_by_vendor: co_return send(command, short_position(), whole);
        case long_form: co_return send(command, long_position(), whole);
        case extended_form: co_return send(command, extended_position(), get_16(cdb, 7));
        default: co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 4));
    }
}

// SSC-5 6.5. MLOI: the largest number that a block can have.
Steps<Outcome> TapeDevice::read_block_limits(Command& command) {
    const bool most_blocks = (get_8(command.cdb(), 1) & 0x01) != 0;
    Writer data;
    if (most_blocks) {
        data.zeros(12).u64(std::numeric_limits<std::int64_t>::max());
    } else {
        data.u8(0).u24(largest_tape_block).u16(1);
    }
    co_return send(command, data, data.size());
}

}  // namespace tcmud::devices
