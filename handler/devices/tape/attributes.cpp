// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/tape/attributes.hpp"

#include <algorithm>
#include <array>

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_32;
using scsi::get_8;

namespace {

namespace sense = scsi::sense;

constexpr std::uint8_t binary_format = 0, ascii_format = 1, text_format = 2;
constexpr std::size_t attribute_head = 5;  // Identifier, format, length.
constexpr std::uint8_t read_only_attribute = 0x80;

constexpr std::array standard_attributes{
    AttributeInfo{0x0000, binary_format, 8, AttributeOwner::device},  // REMAINING CAPACITY IN PARTITION, MiB
    AttributeInfo{0x0001, binary_format, 8, AttributeOwner::device},  // MAXIMUM CAPACITY IN PARTITION, MiB
    AttributeInfo{0x0002, binary_format, 8, AttributeOwner::device},  // TAPEALERT FLAGS
    AttributeInfo{0x0003, binary_format, 8, AttributeOwner::device},  // LOAD COUNT
    AttributeInfo{0x0004, binary_format, 8, AttributeOwner::device},  // MAM SPACE REMAINING
    AttributeInfo{0x0005, ascii_format, 8, AttributeOwner::device},   // ASSIGNING ORGANIZATION
    AttributeInfo{0x0006, binary_format, 1, AttributeOwner::device},  // FORMATTED DENSITY CODE
    AttributeInfo{0x0007, binary_format, 2, AttributeOwner::device},  // INITIALIZATION COUNT
    AttributeInfo{0x0009, binary_format, 4, AttributeOwner::device},  // VOLUME CHANGE REFERENCE
    AttributeInfo{0x020a, ascii_format, 40,
                  AttributeOwner::device},  // DEVICE VENDOR/SERIAL NUMBER AT LAST LOAD
    AttributeInfo{0x020b, ascii_format, 40, AttributeOwner::device},  // the same of the load before
    AttributeInfo{0x020c, ascii_format, 40, AttributeOwner::device},
    AttributeInfo{0x020d, ascii_format, 40, AttributeOwner::device},
    AttributeInfo{0x0220, binary_format, 8, AttributeOwner::device},   // TOTAL MBYTES WRITTEN IN MEDIUM LIFE
    AttributeInfo{0x0221, binary_format, 8, AttributeOwner::device},   // TOTAL MBYTES READ IN MEDIUM LIFE
    AttributeInfo{0x0222, binary_format, 8, AttributeOwner::device},   // TOTAL MBYTES WRITTEN IN CURRENT LOAD
    AttributeInfo{0x0223, binary_format, 8, AttributeOwner::device},   // TOTAL MBYTES READ IN CURRENT LOAD
    AttributeInfo{0x0400, ascii_format, 8, AttributeOwner::medium},    // MEDIUM MANUFACTURER
    AttributeInfo{0x0401, ascii_format, 32, AttributeOwner::medium},   // MEDIUM SERIAL NUMBER
    AttributeInfo{0x0402, binary_format, 4, AttributeOwner::medium},   // MEDIUM LENGTH, metres
    AttributeInfo{0x0403, binary_format, 4, AttributeOwner::medium},   // MEDIUM WIDTH, tenths of millimetres
    AttributeInfo{0x0404, ascii_format, 8, AttributeOwner::medium},    // ASSIGNING ORGANIZATION
    AttributeInfo{0x0405, binary_format, 1, AttributeOwner::medium},   // MEDIUM DENSITY CODE
    AttributeInfo{0x0406, ascii_format, 8, AttributeOwner::medium},    // MEDIUM MANUFACTURE DATE
    AttributeInfo{0x0407, binary_format, 8, AttributeOwner::medium},   // MAM CAPACITY
    AttributeInfo{0x0408, binary_format, 1, AttributeOwner::medium},   // MEDIUM TYPE
    AttributeInfo{0x0409, binary_format, 2, AttributeOwner::medium},   // MEDIUM TYPE INFORMATION
    AttributeInfo{0x0800, ascii_format, 8, AttributeOwner::host},      // APPLICATION VENDOR
    AttributeInfo{0x0801, ascii_format, 32, AttributeOwner::host},     // APPLICATION NAME
    AttributeInfo{0x0802, ascii_format, 8, AttributeOwner::host},      // APPLICATION VERSION
    AttributeInfo{0x0803, text_format, 160, AttributeOwner::host},     // USER MEDIUM TEXT LABEL
    AttributeInfo{0x0804, ascii_format, 12, AttributeOwner::host},     // DATE AND TIME LAST WRITTEN
    AttributeInfo{0x0805, binary_format, 1, AttributeOwner::host},     // TEXT LOCALIZATION IDENTIFIER
    AttributeInfo{0x0806, ascii_format, 32, AttributeOwner::host},     // BARCODE
    AttributeInfo{0x0807, text_format, 80, AttributeOwner::host},      // OWNING HOST TEXTUAL NAME
    AttributeInfo{0x0808, text_format, 160, AttributeOwner::host},     // MEDIA POOL
    AttributeInfo{0x0809, ascii_format, 16, AttributeOwner::host},     // PARTITION USER TEXT LABEL
    AttributeInfo{0x080a, binary_format, 1, AttributeOwner::host},     // LOAD/UNLOAD AT PARTITION
    AttributeInfo{0x080b, ascii_format, 16, AttributeOwner::host},     // APPLICATION FORMAT VERSION
    AttributeInfo{0x080c, binary_format, 1023, AttributeOwner::host},  // VOLUME COHERENCY INFORMATION
    AttributeInfo{0x0820, binary_format, 36, AttributeOwner::host},    // MEDIUM GLOBALLY UNIQUE IDENTIFIER
    AttributeInfo{0x0821, binary_format, 36, AttributeOwner::host},  // MEDIA POOL GLOBALLY UNIQUE IDENTIFIER
};

static_assert(std::ranges::is_sorted(standard_attributes, {}, &AttributeInfo::id));

// Vendor specific ones are the hosts', LTFS' lock of a volume (1623h) among them.
constexpr std::uint16_t first_vendor_attribute = 0x1000;
constexpr std::uint16_t last_vendor_attribute = 0x1fff;
constexpr std::uint16_t longest_vendor_attribute = 1024;

bool may_be_written(const TapeAttribute& attribute) {
    if (attribute.id >= first_vendor_attribute && attribute.id <= last_vendor_attribute)
        return attribute.format <= text_format && attribute.value.size() <= longest_vendor_attribute;
    const auto found = std::ranges::find(standard_attributes, attribute.id, &AttributeInfo::id);
    if (found == standard_attributes.end() || found->owner != AttributeOwner::host) return false;
    // A length of zero removes it, whatever its format is.
    return attribute.value.empty() ||
           (attribute.format == found->format && attribute.value.size() <= found->length);
}

}  // namespace

std::span<const AttributeInfo> attribute_infos() {
    return standard_attributes;
}

WantedAttributes parse_attributes(scsi::Bytes list) {
    WantedAttributes wanted;
    constexpr std::size_t header = 4;
    if (list.size() < header || get_32(list, 0) != list.size() - header) {
        wanted.wrong = sense::parameter_list_length_error;
        return wanted;
    }
    for (auto at = header; at < list.size();) {
        const auto invalid =
            sense::invalid_field_in_parameter_list.in_parameters(static_cast<std::uint16_t>(at));
        const auto left = list.size() - at;
        if (left < attribute_head || left - attribute_head < get_16(list, at + 3)) {
            wanted.wrong = sense::parameter_list_length_error;
            return wanted;
        }
        const auto value = list.subspan(at + attribute_head, get_16(list, at + 3));
        // READ ONLY is not looked at: who copies attributes sends it.
        TapeAttribute attribute{get_16(list, at),
                                static_cast<std::uint8_t>(get_8(list, at + 2) & 0x03),
                                {value.begin(), value.end()}};
        if (!may_be_written(attribute)) {
            wanted.wrong = invalid;
            return wanted;
        }
        wanted.attributes.push_back(std::move(attribute));
        at += attribute_head + value.size();
    }
    return wanted;
}

void append_attribute(scsi::Writer& to, const TapeAttribute& attribute) {
    const auto found = std::ranges::find(standard_attributes, attribute.id, &AttributeInfo::id);
    const bool read_only = found != standard_attributes.end() && found->owner != AttributeOwner::host;
    to.u16(attribute.id).u8((read_only ? read_only_attribute : 0u) | attribute.format);
    to.u16(attribute.value.size()).bytes(attribute.value);
}

}  // namespace tcmud::devices
