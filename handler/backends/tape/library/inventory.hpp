// SPDX-License-Identifier: Apache-2.0
// What is in the elements of a library: a file of text, replaced as a whole by each move, so that a move has
// happened or has not. Pure: reading and writing the file is LibraryDirectory's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tcmud/changer_backend.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

struct Inventory {
    static constexpr std::uint32_t newest_version = 1;

    struct Place {
        std::string cartridge;                 // The name of its directory in cartridges/.
        std::optional<ElementAddress> source;  // The slot that it was moved from last.
        bool by_operator = false;
        bool operator==(const Place&) const = default;
    };

    std::uint64_t generation = 0;  // Counts changes.
    // Full elements alone.
    std::map<ElementAddress, Place> places;

    bool operator==(const Inventory&) const = default;

    const Place* find(ElementAddress address) const;
    // Where it is; nullopt: in no element.
    std::optional<ElementAddress> whereabouts(std::string_view cartridge) const;
};

std::string print(const Inventory& inventory);
// What does not fit its checksum, has a cartridge twice, or makes no sense, is refused with the line.
Result<Inventory> parse_inventory(std::string_view text);

}  // namespace tcmud::tape
