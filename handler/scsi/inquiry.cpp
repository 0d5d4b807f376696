// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/inquiry.hpp"

#include <algorithm>
#include <cassert>

namespace tcmud::scsi {

namespace {

constexpr std::size_t vpd_header = 4;

// Designators of SPC-4 7.8.6.
enum CodeSet : unsigned { binary = 1, ascii = 2 };
// ASSOCIATION and DESIGNATOR TYPE, in one byte.
enum Designator : unsigned {
    unit_vendor_specific = 0x00,
    unit_t10_vendor_id = 0x01,
    unit_naa = 0x03,
    relative_target_port = 0x14,
    target_port_group = 0x15,
};

std::size_t begin_designator(Writer& page, CodeSet code_set, Designator designator) {
    page.u8(code_set).u8(designator).u8(0).u8(0);
    return page.size();
}

void finish_designator(Writer& page, std::size_t start) {
    assert(page.size() - start <= 255);
    page.set_8(start - 1, page.size() - start);
}

// TPGS: how the target port groups' states change (SPC-4 5.15.2.7).
unsigned target_port_group_support(const Identity& identity) {
    unsigned support = 0;
    for (const auto& group : identity.groups) {
        support |= (group.implicit_access ? 1u : 0u) | (group.explicit_access ? 2u : 0u);
    }
    return support;
}

}  // namespace

Writer standard_inquiry(const Identity& identity, const InquiryTraits& traits) {
    constexpr std::size_t inquiry_size = 96;
    constexpr unsigned spc_4 = 0x06;
    Writer data;
    data.u8(static_cast<unsigned>(traits.type));
    data.u8(traits.removable ? 0x80 : 0);
    data.u8(spc_4);
    data.u8(0x02);              // RESPONSE DATA FORMAT
    data.u8(inquiry_size - 5);  // ADDITIONAL LENGTH
    data.u8(target_port_group_support(identity) << 4 | (traits.third_party_copy ? 0x08u : 0u));
    data.u8(0);
    data.u8(0x02);  // CMDQUE
    data.padded_text(identity.vendor, 8).padded_text(identity.product, 16).padded_text(identity.revision, 4);
    data.zeros(22);
    assert(traits.version_descriptors.size() <= 8);
    for (const auto descriptor : traits.version_descriptors) data.u16(descriptor);
    data.zeros(inquiry_size - data.size());
    return data;
}

Writer begin_vpd(DeviceType type, VpdPage page) {
    Writer data;
    data.u8(static_cast<unsigned>(type)).u8(static_cast<unsigned>(page)).u16(0);
    return data;
}

void finish_vpd(Writer& page) {
    page.set_16(2, page.size() - vpd_header);
}

Writer supported_pages(DeviceType type, std::span<const VpdPage> pages) {
    auto data = begin_vpd(type, VpdPage::supported_pages);
    for (const auto page : pages) data.u8(static_cast<unsigned>(page));
    finish_vpd(data);
    return data;
}

Writer unit_serial_number(const Identity& identity, DeviceType type) {
    auto data = begin_vpd(type, VpdPage::unit_serial_number);
    data.text(identity.serial);
    finish_vpd(data);
    return data;
}

std::string t10_vendor_id(const Identity& identity) {
    std::string id = identity.vendor;
    id.resize(8, ' ');
    id += identity.product;
    id.resize(8 + 16, ' ');
    return id + identity.serial;
}

// The order of the designators is tcmu-runner's.
Writer device_identification(const Identity& identity, const InquiryTraits& traits, std::string_view serial) {
    auto data = begin_vpd(traits.type, VpdPage::device_identification);

    // A designator has at most 255 bytes, the vendor and the final NUL included.
    auto start = begin_designator(data, ascii, unit_t10_vendor_id);
    if (traits.product_in_designator) {
        data.text(t10_vendor_id(identity).substr(0, 255));
    } else {
        data.padded_text(identity.vendor, 8).text(identity.serial.substr(0, 246)).u8(0);
    }
    finish_designator(data, start);

    start = begin_designator(data, binary, unit_naa);
    data.bytes(naa_of(serial));
    finish_designator(data, start);

    if (!identity.config.empty()) {
        start = begin_designator(data, ascii, unit_vendor_specific);
        data.text(identity.config.substr(0, 254)).u8(0);
        finish_designator(data, start);
    }
    // With one port, the one that the command came in on is known; the ring does not tell.
    if (identity.groups.size() == 1 && identity.groups[0].relative_ports.size() == 1) {
        start = begin_designator(data, binary, relative_target_port);
        data.u16(0).u16(identity.groups[0].relative_ports[0]);
        finish_designator(data, start);
        start = begin_designator(data, binary, target_port_group);
        data.u16(0).u16(identity.groups[0].id);
        finish_designator(data, start);
    }
    finish_vpd(data);
    return data;
}

Writer extended_inquiry(DeviceType type) {
    auto data = begin_vpd(type, VpdPage::extended_inquiry);
    data.u8(0);     // ACTIVATE MICROCODE, SPT, GRD_CHK, APP_CHK, REF_CHK: no protection information
    data.u8(0x07);  // HEADSUP, ORDSUP and SIMPSUP: the kernel accepts all task attributes
    data.u8(0x01);  // V_SUP: a volatile cache may exist
    data.u8(0x00);
    data.zeros(56);
    finish_vpd(data);
    return data;
}

}  // namespace tcmud::scsi
