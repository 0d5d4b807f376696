// SPDX-License-Identifier: Apache-2.0
// The attributes of a cartridge's memory (MAM, SPC-5 7.4): which there are, and what initiators may write.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/sense.hpp"
#include "tcmud/tape_backend.hpp"

namespace tcmud::devices {

// Who sets an attribute. Initiators write those of the host type only.
enum class AttributeOwner : std::uint8_t { device, medium, host };

struct AttributeInfo {
    std::uint16_t id;
    std::uint8_t format;   // As in TapeAttribute.
    std::uint16_t length;  // Of the value; of a host's, at most.
    AttributeOwner owner;
};

// Ascending by id.
std::span<const AttributeInfo> attribute_infos();

// Bytes that all values of the host type may have together.
inline constexpr std::size_t attribute_space = 16 * 1024;

// What a WRITE ATTRIBUTE parameter list asks for. The sense says what is wrong with it.
struct WantedAttributes {
    std::vector<TapeAttribute> attributes;
    std::optional<scsi::Sense> wrong;
};
WantedAttributes parse_attributes(scsi::Bytes list);

// The head and the value, as READ ATTRIBUTE tells it.
void append_attribute(scsi::Writer& to, const TapeAttribute& attribute);

}  // namespace tcmud::devices
