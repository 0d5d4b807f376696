// SPDX-License-Identifier: Apache-2.0
// The drives that a tape device can be: what tells a generation of LTO from the next, as data.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "tcmud/tape_backend.hpp"

namespace tcmud::devices {

// INQUIRY strings. Software that knows drives by name looks for its makers'.
struct TapeModel {
    std::string_view maker;  // Of tape_makers.
    std::string_view vendor;
    std::string_view product;
    std::string_view revision;
};

// What a cartridge's format is, by its density code.
struct TapeDensity {
    std::uint8_t code;
    std::uint8_t medium_type;       // Of the mode parameter header.
    std::uint8_t worm_medium_type;  // The same of a WORM cartridge.
    std::uint32_t bits_per_mm;
    std::uint16_t tracks;
    std::uint32_t capacity_mb;  // Nominal, in 10^6 bytes.
    std::string_view name;      // DENSITY NAME and DESCRIPTION of REPORT DENSITY SUPPORT.
    std::string_view description;
};

struct TapePersonality {
    std::string_view name;  // Of tape_personalities.
    std::uint8_t density;   // Of the cartridges that are made for it.
    std::uint8_t oldest_readable;
    std::uint8_t oldest_writable;
    std::uint8_t most_partitions;
    std::array<TapeModel, tape_makers.size()> models;

    // Of an unknown maker: our own.
    const TapeModel& model(std::string_view maker) const;
};

// The largest block of every personality.
inline constexpr std::uint32_t largest_tape_block = 8 * 1024 * 1024;

// Ascending by density code.
std::span<const TapeDensity> tape_densities();
// nullptr: there is no such density.
const TapeDensity* find_tape_density(std::uint8_t code);

std::span<const TapePersonality> all_tape_personalities();
// Of an unknown name: the default one.
const TapePersonality& tape_personality(std::string_view name);

}  // namespace tcmud::devices
