// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/tape/personality.hpp"

#include <algorithm>

namespace tcmud::devices {

namespace {

constexpr std::array densities{
    TapeDensity{0x44, 0x38, 0x3c, 9638, 704, 400'000, "U-316", "Ultrium 3/16T"},
    TapeDensity{0x46, 0x48, 0x4c, 13250, 896, 800'000, "U-416", "Ultrium 4/16T"},
    TapeDensity{0x58, 0x58, 0x5c, 15142, 1280, 1'500'000, "U-516", "Ultrium 5/16T"},
    TapeDensity{0x5a, 0x68, 0x6c, 15142, 2176, 2'500'000, "U-616", "Ultrium 6/16T"},
    TapeDensity{0x5c, 0x78, 0x7c, 19107, 3584, 6'000'000, "U-732", "Ultrium 7/32T"},
    TapeDensity{0x5e, 0x88, 0x8c, 20669, 6656, 12'000'000, "U-832", "Ultrium 8/32T"},
    TapeDensity{0x60, 0x98, 0x9c, 21476, 8960, 18'000'000, "U-932", "Ultrium 9/32T"},
};

// LTO reads the two generations before its own and writes the one before, from the eighth on only that one.
// The makers' revisions are such that LTFS takes their drives as new enough.
constexpr std::array personalities{
    TapePersonality{"lto-5",
                    0x58,
                    0x44,
                    0x46,
                    2,
                    {{{"tcmud", "TCMUD", "LTO-5 DRIVE", "0100"},
                      {"ibm", "IBM", "ULT3580-TD5", "H991"},
                      {"hpe", "HP", "Ultrium 5-SCSI", "Z64W"}}}},
    TapePersonality{"lto-6",
                    0x5a,
                    0x46,
                    0x58,
                    4,
                    {{{"tcmud", "TCMUD", "LTO-6 DRIVE", "0100"},
                      {"ibm", "IBM", "ULT3580-TD6", "KAJ9"},
                      {"hpe", "HP", "Ultrium 6-SCSI", "J5QW"}}}},
    TapePersonality{"lto-7",
                    0x5c,
                    0x58,
                    0x5a,
                    4,
                    {{{"tcmud", "TCMUD", "LTO-7 DRIVE", "0100"},
                      {"ibm", "IBM", "ULT3580-TD7", "N9L1"},
                      {"hpe", "HPE", "Ultrium 7-SCSI", "Q373"}}}},
    TapePersonality{"lto-8",
                    0x5e,
                    0x5c,
                    0x5c,
                    4,
                    {{{"tcmud", "TCMUD", "LTO-8 DRIVE", "0100"},
                      {"ibm", "IBM", "ULT3580-TD8", "P381"},
                      {"hpe", "HPE", "Ultrium 8-SCSI", "R38D"}}}},
    TapePersonality{"lto-9",
                    0x60,
                    0x5e,
                    0x5e,
                    4,
                    {{{"tcmud", "TCMUD", "LTO-9 DRIVE", "0100"},
                      {"ibm", "IBM", "ULT3580-TD9", "R3G3"},
                      {"hpe", "HPE", "Ultrium 9-SCSI", "S2TT"}}}},
};

static_assert(std::ranges::is_sorted(densities, {}, &TapeDensity::code));
static_assert(personalities.size() == tape_personalities.size());

}  // namespace

std::span<const TapeDensity> tape_densities() {
    return densities;
}

const TapeDensity* find_tape_density(std::uint8_t code) {
    const auto found = std::ranges::find(densities, code, &TapeDensity::code);
    return found == densities.end() ? nullptr : &*found;
}

std::span<const TapePersonality> all_tape_personalities() {
    return personalities;
}

const TapePersonality& tape_personality(std::string_view name) {
    const auto find = [](std::string_view wanted) {
        return std::ranges::find(personalities, wanted, &TapePersonality::name);
    };
    const auto found = find(name);
    return found == personalities.end() ? *find(tape_personalities.front()) : *found;
}

const TapeModel& TapePersonality::model(std::string_view maker) const {
    const auto found = std::ranges::find(models, maker, &TapeModel::maker);
    return found == models.end() ? models.front() : *found;
}

}  // namespace tcmud::devices
