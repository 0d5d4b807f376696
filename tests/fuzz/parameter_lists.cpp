// SPDX-License-Identifier: Apache-2.0
// Parameter lists of UNMAP, EXTENDED COPY and MODE SELECT.
#include <array>

#include "handler/scsi/extended_copy.hpp"
#include "handler/scsi/mode_pages.hpp"
#include "handler/scsi/unmap.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;

namespace {

constexpr BlockCount capacity{1u << 20};

void unmap(scsi::Bytes list) {
    const scsi::UnmapLimits limits{16, BlockCount{1u << 16}, capacity};
    const auto ranges = scsi::parse_unmap(list, limits);
    if (!ranges)
        return promise(ranges.error().key == scsi::SenseKey::illegal_request,
                       "a wrong list is an illegal request");
    std::uint64_t blocks = 0;
    for (const auto& range : *ranges) {
        promise(fits(range.first, range.count, capacity), "every range lies on the medium");
        blocks += raw(range.count);
    }
    promise(ranges->size() <= limits.descriptors && blocks <= raw(limits.blocks), "limits are kept");
}

void extended_copy(scsi::Bytes list) {
    const auto copy = scsi::parse_extended_copy(list);
    if (!copy) return;
    constexpr auto& limits = scsi::extended_copy_limits;
    promise(copy->targets.size() <= limits.targets && copy->segments.size() <= limits.segments,
            "limits are kept");
    for (const auto& segment : copy->segments) {
        promise(segment.source < copy->targets.size() && segment.destination < copy->targets.size(),
                "segments name targets that there are");
    }
}

void mode_select(scsi::Bytes pages) {
    static constexpr std::array infos{
        scsi::ModePageInfo{0x08, 18, {0x04}, {0x04}},
        scsi::ModePageInfo{0x0a, 10, {0x02}, {0x04, 0, 0x08}},
    };
    scsi::ModePages known(infos);
    const auto error = known.select(pages, 8);
    promise((known.current(0x0a, 2) & ~0x04) == 0x02, "only what is changeable changes");
    if (error) promise(known.current(0x08, 2) == 0x04, "a list that is refused changes nothing");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Reader input(data, size);
    const auto which = input.u8();
    const auto list = input.rest();
    switch (which % 3) {
        case 0: unmap(list); break;
        case 1: extended_copy(list); break;
        case 2: mode_select(list); break;
    }
    return 0;
}
