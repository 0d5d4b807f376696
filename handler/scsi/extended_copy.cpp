// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/extended_copy.hpp"

#include <algorithm>
#include <cstring>

#include "handler/scsi/opcode.hpp"

namespace tcmud::scsi {

namespace {

constexpr std::size_t header_size = 16;
constexpr std::size_t target_size = 32;
constexpr std::size_t segment_size = 28;
constexpr unsigned identification_descriptor = 0xe4;
constexpr unsigned block_to_block = 0x02;

auto invalid(std::size_t byte) {
    return tl::unexpected(
        sense::invalid_field_in_parameter_list.in_parameters(static_cast<std::uint16_t>(byte)));
}

// An identification CSCD descriptor of a disk, named by its NAA designator (SPC-4 6.4.5.1).
tl::expected<CopyTarget, Sense> parse_target(Bytes list, std::size_t at) {
    if (get_8(list, at) != identification_descriptor)
        return tl::unexpected(sense::unsupported_target_descriptor);
    // LU ID TYPE is not looked at: what follows is a designator in any case.
    CopyTarget target;
    target.null = (get_8(list, at + 1) & 0x20) != 0;
    if (target.null) return target;
    if ((get_8(list, at + 1) & 0x1f) != static_cast<unsigned>(DeviceType::disk)) {
        return tl::unexpected(sense::unsupported_target_descriptor);
    }
    const bool is_naa = (get_8(list, at + 4) & 0x0f) == 1 && (get_8(list, at + 5) & 0x3f) == 3;
    if (!is_naa || get_8(list, at + 7) != naa_size)
        return tl::unexpected(sense::unsupported_target_descriptor);
    std::memcpy(target.naa.data(), list.data() + at + 8, naa_size);
    target.block_size = BlockSize{get_24(list, at + 29)};
    return target;
}

// SPC-4 6.4.6.4
tl::expected<CopySegment, Sense> parse_segment(Bytes list, std::size_t at, std::size_t targets) {
    if (get_8(list, at) != block_to_block) return tl::unexpected(sense::unsupported_segment_descriptor);
    // DC says which side NUMBER OF BLOCKS counts; both sides have the same block size here. CAT concerns
    // tapes.
    if (get_16(list, at + 2) != segment_size - 4) return invalid(at + 2);
    const CopySegment segment{get_16(list, at + 4), get_16(list, at + 6), BlockCount{get_16(list, at + 10)},
                              Lba{get_64(list, at + 12)}, Lba{get_64(list, at + 20)}};
    if (segment.source >= targets || segment.destination >= targets) {
        return tl::unexpected(sense::copy_target_not_reachable);
    }
    return segment;
}

}  // namespace

tl::expected<ExtendedCopy, Sense> parse_extended_copy(Bytes list) {
    ExtendedCopy copy;
    if (list.empty()) return copy;
    if (list.size() < header_size) return tl::unexpected(sense::parameter_list_length_error);
    // LIST ID USAGE 11b: no list identifier is kept, so that there is no status to be fetched; others would
    // promise one.
    const auto usage = get_8(list, 1) >> 3 & 0x3;
    if (usage == 1) return invalid(1);
    if (usage == 3 && get_8(list, 0) != 0) return invalid(0);

    const std::uint64_t target_bytes = get_16(list, 2);
    const std::uint64_t segment_bytes = get_32(list, 8);
    const std::uint64_t inline_bytes = get_32(list, 12);
    if (target_bytes + segment_bytes > extended_copy_limits.descriptor_list_length) {
        return tl::unexpected(sense::parameter_list_length_error);
    }
    if (target_bytes % target_size != 0) return invalid(2);
    if (target_bytes / target_size > extended_copy_limits.targets) {
        return tl::unexpected(sense::too_many_target_descriptors);
    }
    if (segment_bytes / segment_size > extended_copy_limits.segments) {
        return tl::unexpected(sense::too_many_segment_descriptors);
    }
    if (inline_bytes != 0) return invalid(12);
    if (header_size + target_bytes + segment_bytes > list.size()) {
        return tl::unexpected(sense::parameter_list_length_error);
    }

    std::size_t at = header_size;
    for (; at < header_size + target_bytes; at += target_size) {
        auto target = parse_target(list, at);
        if (!target) return tl::unexpected(target.error());
        copy.targets.push_back(*target);
    }
    const auto end = header_size + target_bytes + segment_bytes;
    while (at < end) {
        // A type that is not supported is told as such, whatever length it would have had.
        if (get_8(list, at) != block_to_block) return tl::unexpected(sense::unsupported_segment_descriptor);
        if (end - at < segment_size) return tl::unexpected(sense::parameter_list_length_error);
        auto segment = parse_segment(list, at, copy.targets.size());
        if (!segment) return tl::unexpected(segment.error());
        copy.segments.push_back(*segment);
        at += segment_size;
    }
    return copy;
}

// SPC-4 6.25.4
Writer copy_operating_parameters() {
    constexpr unsigned implemented_descriptors = 2;
    Writer data;
    data.u32(0);                              // AVAILABLE DATA
    data.u8(0x01).zeros(3);                   // SNLID: lists without identifier are accepted
    data.u16(extended_copy_limits.targets);   // MAXIMUM CSCD DESCRIPTOR COUNT
    data.u16(extended_copy_limits.segments);  // MAXIMUM SEGMENT DESCRIPTOR COUNT
    data.u32(extended_copy_limits.descriptor_list_length);
    data.u32(extended_copy_limits.segment_length);
    data.u32(0);         // MAXIMUM INLINE DATA LENGTH
    data.u32(0);         // HELD DATA LIMIT
    data.u32(0);         // MAXIMUM STREAM DEVICE TRANSFER SIZE
    data.u16(0).u16(0);  // Reserved, TOTAL CONCURRENT COPIES
    data.u8(1);          // MAXIMUM CONCURRENT COPIES
    data.u8(9);          // DATA SEGMENT GRANULARITY: 2^9 bytes
    data.u8(0).u8(0);    // INLINE DATA and HELD DATA GRANULARITY
    data.zeros(3);
    data.u8(implemented_descriptors);
    data.u8(block_to_block).u8(identification_descriptor);
    data.set_32(0, data.size() - 4);
    return data;
}

}  // namespace tcmud::scsi
