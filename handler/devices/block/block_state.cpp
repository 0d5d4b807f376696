// SPDX-License-Identifier: Apache-2.0
// What a disk keeps for the next daemon, so that initiators find it as they left it: what MODE SELECT and
// START STOP UNIT have set, unit attentions that nobody was told of, and data that a failed flush has lost.
//
// A byte of version, one of flags, the number of unit attentions and the sense key, ASC and ASCQ of each;
// then the lost ranges, two numbers of 8 bytes each, in bytes from the start.
#include <algorithm>

#include "handler/devices/block/block_device.hpp"

namespace tcmud::devices {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t head = 3;
constexpr std::size_t attention_size = 3;
constexpr std::size_t range_size = 16;
// With more, what lies between them counts as lost too.
constexpr std::size_t most_ranges = 48;

enum Flag : std::uint8_t {
    write_cache_by_settings = 1 << 0,  // What the administrator had said of the cache then.
    write_cache_on = 1 << 1,
    software_write_protected = 1 << 2,
    descriptor_sense = 1 << 3,
    unit_stopped = 1 << 4,
};

}  // namespace

std::vector<std::byte> BlockDevice::state() const {
    scsi::Writer to;
    unsigned flags = 0;
    if (settings_.write_cache) flags |= write_cache_by_settings;
    if (write_cache_) flags |= write_cache_on;
    if (software_write_protect_) flags |= software_write_protected;
    if (sense_format() == scsi::SenseFormat::descriptor) flags |= descriptor_sense;
    if (stopped_) flags |= unit_stopped;
    const auto pending = attentions().pending();
    to.u8(version).u8(flags).u8(static_cast<unsigned>(pending.size()));
    for (const auto& attention : pending)
        to.u8(static_cast<std::uint8_t>(attention.key)).u8(attention.asc).u8(attention.ascq);
    for (const auto& [begin, end] : unsynchronized_.lost(most_ranges)) to.u64(begin).u64(end);
    return {to.view().begin(), to.view().end()};
}

void BlockDevice::restore(std::span<const std::byte> state, bool) {
    if (state.size() < head || scsi::get_8(state, 0) != version) return;
    const unsigned flags = scsi::get_8(state, 1);
    const std::size_t count = scsi::get_8(state, 2);
    if (state.size() < head + count * attention_size) return;
    const auto is = [flags](Flag flag) { return (flags & flag) != 0; };
    // Another setting is the administrator's later word.
    if (is(write_cache_by_settings) == settings_.write_cache)
        set_mode_bit(ModeBit::write_cache, is(write_cache_on) && traits_.volatile_cache);
    set_mode_bit(ModeBit::software_write_protect, is(software_write_protected));
    set_mode_bit(ModeBit::descriptor_sense, is(descriptor_sense));
    stopped_ = is(unit_stopped);
    auto rest = state.subspan(head);
    for (std::size_t i = 0; i < count; ++i, rest = rest.subspan(attention_size)) {
        attentions().raise(
            {static_cast<scsi::SenseKey>(scsi::get_8(rest, 0)), scsi::get_8(rest, 1), scsi::get_8(rest, 2)});
    }
    if (!traits_.volatile_cache) return;
    // What the predecessor wrote since its last flush is not known: a flush that fails has lost all of it. So
    // one is made now, while that is unlikely.
    unsynchronized_.written(ByteOffset{0}, backend_.size());
    for (; rest.size() >= range_size; rest = rest.subspan(range_size)) {
        const auto end = std::min(scsi::get_64(rest, 8), raw(backend_.size()));
        unsynchronized_.lose_again(scsi::get_64(rest, 0), end);
    }
    synchronize_in_background();
}

}  // namespace tcmud::devices
