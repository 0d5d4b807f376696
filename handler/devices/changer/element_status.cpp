// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/changer/element_status.hpp"

#include <algorithm>

#include "handler/devices/tape/personality.hpp"
#include "handler/scsi/inquiry.hpp"

namespace tcmud::devices {

using scsi::Writer;

namespace {

constexpr std::size_t volume_tag_size = 36;

std::uint16_t number_of(ElementAddress address) {
    return static_cast<std::uint16_t>(address);
}

// What a volume tag may end in.
std::string_view without_padding(std::string_view text) {
    const auto last = text.find_last_not_of(std::string_view(" \0", 2));
    return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

unsigned element_flags(const Element& element) {
    constexpr unsigned full = 0x01, by_operator = 0x02, exception = 0x04, access = 0x08;
    constexpr unsigned import_and_export = 0x30;  // INENAB, EXENAB
    unsigned flags = (element.full ? full : 0u) | (element.damaged ? exception : 0u);
    switch (element.type) {
        case ElementType::transport: return flags;
        case ElementType::storage: return flags | access;
        case ElementType::import_export:
            return flags | access | import_and_export | (element.by_operator ? by_operator : 0u);
        case ElementType::drive: return flags | (element.loaded ? 0u : access);
    }
    return flags;
}

// MEDIUM TYPE
unsigned medium_type_of(const Element& element) {
    constexpr unsigned data = 1, cleaning = 2, write_once = 4;
    if (!element.full) return 0;
    return element.cleaning ? cleaning : element.worm ? write_once : data;
}

// As the drive's VPD page 83h has it.
std::string identifier_of(const Element& element) {
    const auto& model = tape_personality(element.personality).model(element.maker);
    scsi::Identity drive;
    drive.vendor = model.vendor;
    drive.product = model.product;
    drive.serial = element.serial;
    return scsi::t10_vendor_id(drive).substr(0, 255);
}

bool is_identified(const Element& element, const ReportForm& form) {
    return form.device_identifiers && element.type == ElementType::drive;
}

void append_volume_tag(Writer& to, const Element& element) {
    if (!element.full || element.barcode.empty()) {
        to.zeros(volume_tag_size);
    } else {
        to.padded_text(element.barcode, VolumeSearch::template_size).zeros(4);
    }
}

void append_descriptor(Writer& to, const Element& element, const ReportForm& form, std::size_t length) {
    const auto begin = to.size();
    constexpr unsigned incompatible_medium = 0x30;
    to.u16(number_of(element.address)).u8(element_flags(element)).u8(0);
    to.u8(element.damaged ? incompatible_medium : 0).u8(0).zeros(3);
    constexpr unsigned source_valid = 0x80;
    to.u8((element.source ? source_valid : 0u) | medium_type_of(element));
    to.u16(element.source ? number_of(*element.source) : 0);
    if (form.volume_tags) append_volume_tag(to, element);
    if (is_identified(element, form)) {
        constexpr unsigned ascii = 2, t10_vendor_id = 1;
        const auto id = identifier_of(element);
        to.u8(ascii).u8(t10_vendor_id).u8(0).u8(static_cast<unsigned>(id.size())).text(id);
    }
    to.zeros(begin + length - to.size());
}

// All descriptors of a page have the same length.
std::size_t descriptor_length(std::span<const Element* const> page, const ReportForm& form) {
    std::size_t identifier = 0;
    for (const auto* element : page) {
        if (is_identified(*element, form)) identifier = std::max(identifier, identifier_of(*element).size());
    }
    return 16 + (form.volume_tags ? volume_tag_size : 0) + identifier;
}

void append_page(Writer& to, std::span<const Element* const> page, const ReportForm& form) {
    const auto length = descriptor_length(page, form);
    constexpr unsigned primary_volume_tag = 0x80;
    to.u8(static_cast<unsigned>(page.front()->type))
        .u8(form.volume_tags ? primary_volume_tag : 0)
        .u16(length);
    to.u8(0).u24(page.size() * length);
    for (const auto* element : page) append_descriptor(to, *element, form, length);
}

}  // namespace

bool matches_template(std::string_view barcode, std::string_view wanted) {
    wanted = without_padding(wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == '*') return true;
        if (i >= barcode.size()) return false;
        if (wanted[i] != '?' && wanted[i] != barcode[i]) return false;
    }
    return barcode.size() == wanted.size();
}

bool VolumeSearch::matches(const Element& element) const {
    constexpr std::uint16_t sequence_number = 0;  // Of all cartridges.
    constexpr unsigned by_sequence = 0x04;
    if (!element.full || element.barcode.empty()) return false;
    if (type != 0 && type != static_cast<std::uint8_t>(element.type)) return false;
    if (number_of(element.address) < start) return false;
    if ((action & by_sequence) != 0 && (sequence_number < lowest || sequence_number > highest)) return false;
    return matches_template(element.barcode, {wanted.data(), wanted.size()});
}

std::vector<const Element*> select(std::span<const Element> elements, const ElementSelection& selection) {
    std::vector<const Element*> selected;
    for (const auto& element : elements) {
        if (selection.type != 0 && selection.type != static_cast<std::uint8_t>(element.type)) continue;
        if (number_of(element.address) < selection.start) continue;
        if (selection.search && !selection.search->matches(element)) continue;
        selected.push_back(&element);
    }
    std::ranges::sort(selected, {}, [](const Element* element) { return element->address; });
    if (selected.size() > selection.most) selected.resize(selection.most);
    return selected;
}

Writer element_status(std::span<const Element* const> elements, const ReportForm& form) {
    Writer report;
    report.u16(elements.empty() ? 0 : number_of(elements.front()->address)).u16(elements.size());
    report.u8(form.action).u24(0);
    const auto header = report.size();
    while (!elements.empty()) {
        const auto next = std::ranges::find_if(
            elements, [&](const Element* element) { return element->type != elements.front()->type; });
        const auto count = static_cast<std::size_t>(next - elements.begin());
        append_page(report, elements.first(count), form);
        elements = elements.subspan(count);
    }
    report.set_32(4, std::uint64_t{form.action} << 24 | (report.size() - header));
    return report;
}

}  // namespace tcmud::devices
