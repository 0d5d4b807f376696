// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/unmap.hpp"

#include <algorithm>

namespace tcmud::scsi {

tl::expected<std::vector<BlockRange>, Sense> parse_unmap(Bytes list, const UnmapLimits& limits) {
    constexpr std::size_t header = 8;
    constexpr std::size_t descriptor = 16;
    std::vector<BlockRange> ranges;
    if (list.empty()) return ranges;
    if (list.size() < header) return tl::unexpected(sense::parameter_list_length_error);

    // SBC-3 5.28.2: a length that is no multiple of 16 leaves an incomplete descriptor, which is ignored.
    const auto descriptors = get_16(list, 2) / descriptor;
    const auto present = (list.size() - header) / descriptor;
    if (descriptors > present) return tl::unexpected(sense::parameter_list_length_error);
    if (descriptors > limits.descriptors)
        return tl::unexpected(sense::invalid_field_in_parameter_list.in_parameters(2));

    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < descriptors; ++i) {
        const auto at = header + i * descriptor;
        const BlockRange range{Lba{get_64(list, at)}, BlockCount{get_32(list, at + 8)}};
        if (!fits(range.first, range.count, limits.capacity)) return tl::unexpected(sense::lba_out_of_range);
        sum += raw(range.count);
        if (sum > raw(limits.blocks)) {
            return tl::unexpected(
                sense::invalid_field_in_parameter_list.in_parameters(static_cast<std::uint16_t>(at + 8)));
        }
        if (raw(range.count) != 0) ranges.push_back(range);
    }
    return ranges;
}

}  // namespace tcmud::scsi
