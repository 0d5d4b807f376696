// SPDX-License-Identifier: Apache-2.0
// What makes another medium of a medium: FORMAT MEDIUM, SET CAPACITY, ALLOW OVERWRITE; and what densities
// there are.
#include <algorithm>

#include "handler/devices/tape/tape_device.hpp"
#include "handler/devices/tape/tape_pages.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_64;
using scsi::get_8;
using scsi::Outcome;
using scsi::Sense;
using scsi::Writer;

namespace {

namespace sense = scsi::sense;

// SSC-5 6.10.3
void append_density(Writer& to, const TapeDensity& density, bool writable, bool is_default) {
    constexpr unsigned write_ok = 0x80, deflt = 0x20;
    constexpr std::uint16_t width = 127;  // Tenths of a millimetre.
    to.u8(density.code).u8(density.code);
    to.u8((writable ? write_ok : 0) | (is_default ? deflt : 0)).u16(0);
    to.u24(density.bits_per_mm).u16(width).u16(density.tracks).u32(density.capacity_mb);
    to.padded_text("LTO-CVE", 8).padded_text(density.name, 8).padded_text(density.description, 20);
}

}  // namespace

// SSC-5 5.4 and 6.15: only at the beginning of partition 0, and never of what cannot be written again.
std::optional<Sense> TapeDevice::refuse_format() const {
    if (const auto refused = refuse_change()) return refused;
    if (medium()->worm || (append_only() && !format_allowed_)) return sense::worm_overwrite_attempted;
    const auto at = where();
    if (at.partition != 0 || at.object != 0) return sense::position_not_at_beginning;
    return std::nullopt;
}

Steps<Outcome> TapeDevice::format_medium(Command& command) {
    enum Format : unsigned { one_partition = 0, partitions = 1, both = 2 };
    const unsigned format = get_8(command.cdb(), 2) & 0x0f;
    if (format > both) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(2, 3));
    if (const auto refused = refuse_format()) co_return write_refused(*refused);
    auto sizes = std::optional(std::vector<ByteCount>{ByteCount{0}});
    if (format != one_partition) sizes = partitions_of(mode_pages());
    if (!sizes) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(2, 3));
    const auto result =
        co_await TapeIo{[&](TapeResult& r, Completion done) { backend_.format(*sizes, r, std::move(done)); }};
    co_return after_format(result.status);
}

Outcome TapeDevice::after_format(TapeStatus status) {
    if (status != TapeStatus::ok) return write_failed(status, 0);
    told_programmable_ = false;
    unsynchronized_ = false;
    format_allowed_ = false;
    overwrite_at_.reset();
    show_partitions();
    return Outcome::good();
}

Steps<Outcome> TapeDevice::set_capacity(Command& command) {
    const auto part = get_16(command.cdb(), 3);
    if (const auto refused = refuse_format()) co_return write_refused(*refused);
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.set_capacity(part, r, std::move(done)); }};
    co_return after_format(result.status);
}

// SSC-5 7.1: opens what append-only mode protects, for the next write there or the next format.
Steps<Outcome> TapeDevice::allow_overwrite(Command& command) {
    enum Allow : unsigned { nothing = 0, current_position = 1, format = 2 };
    const auto cdb = command.cdb();
    const unsigned allow = get_8(cdb, 2) & 0x0f;
    if (allow > format) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(2, 3));
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    const auto at = where();
    const bool here = get_8(cdb, 3) == at.partition && get_64(cdb, 4) == at.object;
    if (allow == current_position && !here)
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(4));
    overwrite_at_ = allow == current_position ? std::optional(at) : std::nullopt;
    format_allowed_ = allow == format;
    co_return Outcome::good();
}

// SSC-5 6.10. MEDIA: the density of the medium alone.
Steps<Outcome> TapeDevice::report_density_support(Command& command) {
    const auto cdb = command.cdb();
    const bool of_medium = (get_8(cdb, 1) & 0x01) != 0;
    if (of_medium && !medium()) co_return Outcome::check(sense::medium_not_present);
    Writer data;
    data.u16(0).u16(0);
    for (const auto& density : tape_densities()) {
        if (of_medium ? density.code != medium()->density : !can_read(density.code)) continue;
        append_density(data, density, can_write(density.code), density.code == personality_.density);
    }
    data.set_16(0, data.size() - 2);
    co_return send(command, data, get_16(cdb, 7));
}

}  // namespace tcmud::devices
