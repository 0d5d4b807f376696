// SPDX-License-Identifier: Apache-2.0
// What MODE SENSE tells of a drive and MODE SELECT changes (SSC-5 8.5).
#include <algorithm>
#include <array>

#include "handler/devices/tape/block_protection.hpp"
#include "handler/devices/tape/tape_device.hpp"
#include "handler/devices/tape/tape_pages.hpp"

namespace tcmud::devices {

using scsi::get_24;
using scsi::get_8;
using scsi::ModePageInfo;
using scsi::Sense;

namespace {

namespace sense = scsi::sense;

constexpr std::size_t descriptor_size = 8;

// Bytes behind PAGE LENGTH. Sizes of partitions are told in 10^9 bytes (PSUM 11b and PARTITION UNITS 9), and
// FORMAT MEDIUM makes them (POFM), as Linux' st and LTFS expect of LTO.
consteval auto mode_pages_with(std::uint8_t most_partitions) {
    const auto most_additional = static_cast<std::uint8_t>(most_partitions - 1);
    return std::array{
        ModePageInfo{0x01, 0x0a, {}, {}},  // Read-write error recovery
        ModePageInfo{0x02, 0x0e, {}, {}},  // Disconnect-reconnect
        // D_SENSE and SWP can be changed.
        ModePageInfo{
            mode_page::control, 0x0a, {0x00, 0x10, 0x00, 0x40, 0, 0, 0xff, 0xff}, {0x04, 0x00, 0x08}},
        // LBP METHOD and its length; LBP_W and LBP_R.
        ModePageInfo{mode_page::control, 0x1c, {}, {0xff, 0x3f, 0xc0}, mode_page::data_protection},
        // DCE, DCC; DDE; algorithms.
        ModePageInfo{mode_page::compression,
                     0x0e,
                     {0xc0, 0x80, 0, 0, 0, 0x01, 0, 0, 0, 0x01},
                     {0x80, 0x80, 0, 0, 0, 0xff}},
        // LOIS; EEG and SEW; SELECT DATA COMPRESSION ALGORITHM.
        ModePageInfo{mode_page::device_configuration,
                     0x0e,
                     {0, 0, 0, 0, 0, 0, 0x40, 0, 0x18, 0, 0, 0, 0x01},
                     {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01}},
        // WRITE MODE; PEWS.
        ModePageInfo{mode_page::device_configuration, 0x1c, {}, {0, 0xf0, 0xff, 0xff}, mode_page::extension},
        ModePageInfo{mode_page::medium_partition,
                     0x0e,
                     {most_additional, 0, 0x1c, 0x03, 0x09},
                     {0, 0xff, 0xf8, 0, 0x0f, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                     0,
                     6},
        // Power condition, of SPC-3, which is short: no timers.
        ModePageInfo{0x1a, 0x0a, {}, {}},
        ModePageInfo{0x1c, 0x0a, {0x08}, {}},  // Informational exceptions: DEXCPT, TapeAlert tells them
        ModePageInfo{mode_page::medium_configuration, 0x1e, {}, {}},
        // IBM's read/write control: LTFS names a density there, which is the cartridge's own all the same.
        ModePageInfo{0x25, 0x1e, {}, {0, 0, 0, 0, 0, 0, 0, 0, 0xff}},
    };
}

constexpr auto pages_of_two = mode_pages_with(2);
constexpr auto pages_of_four = mode_pages_with(4);

// Of the medium partition page.
constexpr std::size_t additional_partitions = 3;
constexpr std::size_t partition_flags = 4;
constexpr std::size_t partition_units = 6;
constexpr std::size_t partition_sizes = 8;

}  // namespace

std::span<const ModePageInfo> tape_mode_pages(std::uint8_t most_partitions) {
    return most_partitions == 2 ? std::span<const ModePageInfo>(pages_of_two)
                                : std::span<const ModePageInfo>(pages_of_four);
}

std::uint8_t TapeDevice::medium_type() const {
    if (!medium()) return 0;
    const auto* density = find_tape_density(medium()->density);
    if (!density) return 0;
    return medium()->worm ? density->worm_medium_type : density->medium_type;
}

std::uint8_t TapeDevice::device_specific_parameter() const {
    constexpr unsigned write_protected = 0x80;
    const auto* in_drive = medium();
    const bool protect = mode_bit(mode_page::control, 4, 0x08) ||
                         (in_drive && (in_drive->write_protected || !can_write(in_drive->density)));
    return static_cast<std::uint8_t>((protect ? write_protected : 0) | unsigned{buffered_mode_} << 4);
}

std::uint8_t TapeDevice::current_density() const {
    return medium() ? medium()->density : personality_.density;
}

void TapeDevice::append_block_descriptor(scsi::Writer& to, bool) const {
    to.u8(current_density()).u24(0).u8(0).u24(block_length_);
}

// SPC-4 7.5.6.2: density 00h is the default, 7Fh leaves it as it is.
bool TapeDevice::accepts_block_descriptor(scsi::Bytes descriptor, bool long_lba) const {
    if (long_lba || descriptor.size() != descriptor_size) return false;
    const auto density = get_8(descriptor, 0);
    const bool known = density == 0x00 || density == 0x7f || density == current_density() ||
                       (find_tape_density(density) && can_write(density));
    const auto longest = largest_tape_block + (protect_writes_ || protect_reads_ ? protection_length : 0);
    return known && get_24(descriptor, 5) <= longest;
}

std::optional<Sense> TapeDevice::refuse_mode_parameters(const ModeParameters& parameters) const {
    const auto invalid = sense::invalid_field_in_parameter_list;
    constexpr unsigned most_buffered = 1;
    if ((parameters.device_specific >> 4 & 0x07) > most_buffered) return invalid;
    const auto& pages = parameters.pages;
    const auto method = pages.current(mode_page::control, 4, mode_page::data_protection);
    const auto length = pages.current(mode_page::control, 5, mode_page::data_protection);
    const auto protects = pages.current(mode_page::control, 6, mode_page::data_protection);
    const bool off = method == 0 && length == 0 && protects == 0;
    if (!off && (method != protection_method || length != protection_length)) return invalid;
    if (pages.current(mode_page::device_configuration, 5, mode_page::extension) >> 4 > 1) return invalid;
    if (!partitions_of(pages)) return invalid;
    return std::nullopt;
}

void TapeDevice::mode_parameters_selected(const ModeParameters& parameters) {
    buffered_mode_ = parameters.device_specific >> 4 & 0x07;
    if (!parameters.block_descriptor.empty()) block_length_ = get_24(parameters.block_descriptor, 5);
    // Compression is in two pages: the one that differs from what is so is meant.
    const bool in_compression = (parameters.pages.current(mode_page::compression, 2) & 0x80) != 0;
    const bool in_configuration = parameters.pages.current(mode_page::device_configuration, 14) != 0;
    wanted_compression_ = in_compression != compression_ ? in_compression : in_configuration;
}

void TapeDevice::mode_select(Command& command, Reply reply) {
    refresh_mode_pages();
    wanted_compression_.reset();
    PrimaryDevice::mode_select(command, std::move(reply));
}

void TapeDevice::mode_sense(Command& command, Reply reply) {
    refresh_mode_pages();
    PrimaryDevice::mode_sense(command, std::move(reply));
}

void TapeDevice::mode_pages_changed() {
    PrimaryDevice::mode_pages_changed();
    if (wanted_compression_) {
        mode_pages().set_bit(mode_page::compression, 2, 0x80, *wanted_compression_);
        mode_pages().set(mode_page::device_configuration, 14, *wanted_compression_ ? 1 : 0);
        wanted_compression_.reset();
    }
    compression_ = mode_bit(mode_page::compression, 2, 0x80);
    backend_.set_compression(compression_);
    protect_writes_ = mode_bit(mode_page::control, 6, 0x80, mode_page::data_protection);
    protect_reads_ = mode_bit(mode_page::control, 6, 0x40, mode_page::data_protection);
}

// What follows from the medium and the head.
void TapeDevice::refresh_mode_pages() {
    const auto* in_drive = medium();
    const bool worm = in_drive && in_drive->worm;
    mode_pages().set(mode_page::device_configuration, 3,
                     static_cast<std::uint8_t>(in_drive ? where().partition : 0));
    mode_pages().set(mode_page::medium_configuration, 2, worm ? 0x01 : 0x00);
    // No block may be overwritten, labels neither (byte 4 stays 0); of the filemarks that nothing follows all
    // but the first.
    mode_pages().set(mode_page::medium_configuration, 5, worm ? 0x02 : 0x00);
}

// The medium partition page tells what is, until a MODE SELECT says what FORMAT MEDIUM shall make.
void TapeDevice::show_partitions() {
    constexpr auto page = mode_page::medium_partition;
    constexpr std::uint8_t units_and_format = 0x1c;
    constexpr std::uint64_t unit = 1'000'000'000;
    const auto* in_drive = medium();
    const auto count = in_drive ? in_drive->partitions.size() : 1;
    mode_pages().set(page, additional_partitions, static_cast<std::uint8_t>(count - 1));
    mode_pages().set(page, partition_flags, units_and_format);
    mode_pages().set(page, partition_units, 9);
    for (std::size_t i = 0; i < TapeBackend::most_partitions; ++i) {
        const auto bytes = in_drive && i < count ? raw(in_drive->partitions[i].capacity) : 0;
        const auto size = std::min<std::uint64_t>(bytes / unit, 0xfffe);
        mode_pages().set(page, partition_sizes + 2 * i, static_cast<std::uint8_t>(size >> 8));
        mode_pages().set(page, partition_sizes + 2 * i + 1, static_cast<std::uint8_t>(size & 0xff));
    }
}

// SSC-5 8.5.4. 0 is an equal share of what is left; nullopt: the page asks for what no medium can have.
std::optional<std::vector<ByteCount>> TapeDevice::partitions_of(const scsi::ModePages& pages) const {
    constexpr auto page = mode_page::medium_partition;
    constexpr unsigned by_initiator = 0x20;
    const std::size_t count = pages.current(page, additional_partitions) + 1u;
    const unsigned flags = pages.current(page, partition_flags);
    const bool as_it_is = count == mode_pages().current(page, additional_partitions) + 1u;
    if (count > personality_.most_partitions && !as_it_is) return std::nullopt;
    std::vector<ByteCount> sizes(count, ByteCount{0});
    if ((flags & by_initiator) == 0) return sizes;
    std::uint64_t left = 0;
    if (medium())
        for (const auto& partition : medium()->partitions) left += raw(partition.capacity);
    std::uint64_t unit = 1;
    const unsigned psum = flags >> 3 & 0x03;
    const unsigned exponents[]{0, 3, 6, pages.current(page, partition_units) & 0x0fu};
    constexpr unsigned largest_exponent = 12;
    if (exponents[psum] > largest_exponent) return std::nullopt;
    for (unsigned i = 0; i < exponents[psum]; ++i) unit *= 10;
    for (std::size_t i = 0; i < count; ++i) {
        const auto high = pages.current(page, partition_sizes + 2 * i);
        const auto low = pages.current(page, partition_sizes + 2 * i + 1);
        const std::uint64_t size = std::uint64_t{high} << 8 | low;
        constexpr std::uint64_t rest = 0xffff;
        if (size == rest) continue;
        sizes[i] = ByteCount{size * unit};
        // Something is left for those that get the rest.
        if (medium() && raw(sizes[i]) >= left && count > 1) return std::nullopt;
        left -= std::min(left, raw(sizes[i]));
    }
    return sizes;
}

}  // namespace tcmud::devices
