// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/mode_pages.hpp"

#include <algorithm>
#include <cassert>

namespace tcmud::scsi {

namespace {
constexpr std::size_t page_header = 2;  // PAGE CODE and PAGE LENGTH
}  // namespace

ModePages::ModePages(std::span<const ModePageInfo> infos) {
    for (const auto& info : infos) pages_.push_back({&info, info.defaults});
    assert(std::ranges::is_sorted(pages_, {}, [](const Page& page) { return page.info->code; }));
}

const ModePages::Page* ModePages::find(std::uint8_t code) const {
    const auto found = std::ranges::find(pages_, code, [](const Page& page) { return page.info->code; });
    return found == pages_.end() ? nullptr : &*found;
}

bool ModePages::append(Writer& to, std::uint8_t page, std::uint8_t subpage, PageControl control) const {
    // No page has subpages, so that "all subpages" is the page itself.
    if (subpage != 0 && subpage != all_subpages) return false;
    bool found = false;
    for (const auto& candidate : pages_) {
        const auto& info = *candidate.info;
        if (page != all_pages && page != info.code) continue;
        found = true;
        const auto& values = control == PageControl::changeable ? info.changeable
                             : control == PageControl::defaults ? info.defaults
                                                                : candidate.current;
        to.u8(info.code).u8(info.length);
        for (std::size_t i = 0; i < info.length; ++i) to.u8(values[i]);
    }
    return found;
}

std::optional<Sense> ModePages::select(Bytes list, std::size_t offset) {
    auto changed = pages_;
    const auto invalid = [](std::size_t byte) {
        return sense::invalid_field_in_parameter_list.in_parameters(static_cast<std::uint16_t>(byte));
    };
    while (!list.empty()) {
        if (list.size() < page_header) return sense::parameter_list_length_error;
        const auto code =
            get_8(list, 0) & 0x3f;  // PS is reserved here; SPF set means a subpage, and none exists.
        if ((get_8(list, 0) & 0x40) != 0) return invalid(offset);
        const auto page = std::ranges::find(changed, code, [](const Page& p) { return p.info->code; });
        if (page == changed.end()) return invalid(offset);
        const auto& info = *page->info;
        if (get_8(list, 1) != info.length) return invalid(offset + 1);
        if (list.size() < page_header + info.length) return sense::parameter_list_length_error;
        for (std::size_t i = 0; i < info.length; ++i) {
            const auto value = get_8(list, page_header + i);
            if (((value ^ page->current[i]) & ~info.changeable[i]) != 0)
                return invalid(offset + page_header + i);
            page->current[i] = value;
        }
        offset += page_header + info.length;
        list = list.subspan(page_header + info.length);
    }
    pages_ = std::move(changed);
    return std::nullopt;
}

std::uint8_t ModePages::current(std::uint8_t page, std::size_t byte) const {
    const auto* found = find(page);
    assert(found && byte >= page_header);
    return found->current[byte - page_header];
}

void ModePages::set_bit(std::uint8_t page, std::size_t byte, std::uint8_t mask, bool on) {
    const auto found = std::ranges::find(pages_, page, [](const Page& p) { return p.info->code; });
    assert(found != pages_.end() && byte >= page_header);
    auto& value = found->current[byte - page_header];
    value = static_cast<std::uint8_t>(on ? value | mask : value & ~mask);
}

}  // namespace tcmud::scsi
