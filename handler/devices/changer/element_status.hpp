// SPDX-License-Identifier: Apache-2.0
// Which elements a command asks for, and how they are reported (SMC-3 6.11).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "handler/scsi/bytes.hpp"
#include "tcmud/changer_backend.hpp"

namespace tcmud::devices {

// What SEND VOLUME TAG searches for.
struct VolumeSearch {
    static constexpr std::size_t template_size = 32;

    std::uint8_t action = 0;                     // SEND ACTION CODE
    std::uint8_t type = 0;                       // ELEMENT TYPE CODE; 0: all.
    std::uint16_t start = 0;                     // STARTING ELEMENT ADDRESS
    std::array<char, template_size> wanted{};    // VOLUME IDENTIFICATION TEMPLATE
    std::uint16_t lowest = 0, highest = 0xffff;  // VOLUME SEQUENCE NUMBER

    bool matches(const Element& element) const;
};

// '?' stands for any character, '*' for any that follow; trailing spaces and NULs count on neither side.
bool matches_template(std::string_view barcode, std::string_view wanted);

struct ElementSelection {
    std::uint8_t type = 0;  // ELEMENT TYPE CODE; 0: all.
    std::uint16_t start = 0;
    std::uint16_t most = 0;                // NUMBER OF ELEMENTS
    const VolumeSearch* search = nullptr;  // Only what it finds.
};

// By address.
std::vector<const Element*> select(std::span<const Element> elements, const ElementSelection& selection);

struct ReportForm {
    bool volume_tags = false;         // VOLTAG
    bool device_identifiers = false;  // DVCID
    std::uint8_t action = 0;          // Of REQUEST VOLUME ELEMENT ADDRESS: byte 4 of the header.
};

scsi::Writer element_status(std::span<const Element* const> elements, const ReportForm& form);

}  // namespace tcmud::devices
