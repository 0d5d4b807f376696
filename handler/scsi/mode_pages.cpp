// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/mode_pages.hpp"

#include <algorithm>
#include <cassert>

namespace tcmud::scsi {

namespace {

// PAGE CODE and PAGE LENGTH; with a subpage: PAGE CODE, SUBPAGE CODE and PAGE LENGTH.
constexpr std::size_t page_header = 2;
constexpr std::size_t subpage_header = 4;
constexpr unsigned subpage_format = 0x40;

std::size_t header_of(const ModePageInfo& info) {
    return info.subpage == 0 ? page_header : subpage_header;
}

bool asked_for(const ModePageInfo& info, std::uint8_t page, std::uint8_t subpage) {
    return (page == ModePages::all_pages || page == info.code) &&
           (subpage == ModePages::all_subpages || subpage == info.subpage);
}

bool may_have_length(const ModePageInfo& info, std::size_t length) {
    return length == info.length || (info.shortest != 0 && length >= info.shortest && length < info.length);
}

}  // namespace

ModePages::ModePages(std::span<const ModePageInfo> infos) {
    for (const auto& info : infos) pages_.push_back({&info, info.defaults});
    assert(std::ranges::is_sorted(
        pages_, {}, [](const Page& page) { return page.info->code << 8 | page.info->subpage; }));
}

const ModePages::Page* ModePages::find(std::uint8_t code, std::uint8_t subpage) const {
    const auto found = std::ranges::find_if(
        pages_, [&](const Page& page) { return page.info->code == code && page.info->subpage == subpage; });
    return found == pages_.end() ? nullptr : &*found;
}

bool ModePages::append(Writer& to, std::uint8_t page, std::uint8_t subpage, PageControl control) const {
    bool found = false;
    for (const auto& candidate : pages_) {
        const auto& info = *candidate.info;
        if (!asked_for(info, page, subpage)) continue;
        found = true;
        const auto& values = control == PageControl::changeable ? info.changeable
                             : control == PageControl::defaults ? info.defaults
                                                                : candidate.current;
        if (info.subpage == 0) {
            to.u8(info.code).u8(info.length);
        } else {
            to.u8(subpage_format | info.code).u8(info.subpage).u16(info.length);
        }
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
        const bool has_subpage = (get_8(list, 0) & subpage_format) != 0;
        const auto header = has_subpage ? subpage_header : page_header;
        if (list.size() < header) return sense::parameter_list_length_error;
        const auto code = get_8(list, 0) & 0x3f;  // PS is reserved here.
        const auto subpage = has_subpage ? get_8(list, 1) : 0;
        const std::size_t length = has_subpage ? get_16(list, 2) : get_8(list, 1);
        const auto page = std::ranges::find_if(
            changed, [&](const Page& p) { return p.info->code == code && p.info->subpage == subpage; });
        // Subpage 0 has no subpage format.
        if (page == changed.end() || (has_subpage && subpage == 0)) return invalid(offset);
        const auto& info = *page->info;
        if (!may_have_length(info, length)) return invalid(offset + header - 1);
        if (list.size() < header + length) return sense::parameter_list_length_error;
        for (std::size_t i = 0; i < length; ++i) {
            const auto value = get_8(list, header + i);
            if (((value ^ page->current[i]) & ~info.changeable[i]) != 0) return invalid(offset + header + i);
            page->current[i] = value;
        }
        offset += header + length;
        list = list.subspan(header + length);
    }
    pages_ = std::move(changed);
    return std::nullopt;
}

std::uint8_t ModePages::current(std::uint8_t page, std::size_t byte, std::uint8_t subpage) const {
    const auto* found = find(page, subpage);
    assert(found && byte >= header_of(*found->info));
    return found->current[byte - header_of(*found->info)];
}

std::uint8_t& ModePages::value(std::uint8_t page, std::size_t byte, std::uint8_t subpage) {
    const auto found = std::ranges::find_if(
        pages_, [&](const Page& p) { return p.info->code == page && p.info->subpage == subpage; });
    assert(found != pages_.end() && byte >= header_of(*found->info));
    return found->current[byte - header_of(*found->info)];
}

void ModePages::set(std::uint8_t page, std::size_t byte, std::uint8_t to, std::uint8_t subpage) {
    value(page, byte, subpage) = to;
}

void ModePages::set_bit(std::uint8_t page, std::size_t byte, std::uint8_t mask, bool on,
                        std::uint8_t subpage) {
    auto& bits = value(page, byte, subpage);
    bits = static_cast<std::uint8_t>(on ? bits | mask : bits & ~mask);
}

std::size_t ModePages::values_size() const {
    std::size_t size = 0;
    for (const auto& page : pages_) size += page.info->length;
    return size;
}

std::vector<std::byte> ModePages::values() const {
    Writer all;
    for (const auto& page : pages_)
        all.bytes(std::as_bytes(std::span(page.current).first(page.info->length)));
    return {all.view().begin(), all.view().end()};
}

void ModePages::set_values(Bytes values) {
    if (values.size() != values_size()) return;
    for (auto& page : pages_) {
        for (std::size_t i = 0; i < page.info->length; ++i) page.current[i] = get_8(values, i);
        values = values.subspan(page.info->length);
    }
}

}  // namespace tcmud::scsi
