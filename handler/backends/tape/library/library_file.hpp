// SPDX-License-Identifier: Apache-2.0
// What a tape library is, as administrators write it in its library.toml: its names, how many elements of
// each type it has and where they begin, its drives. What is in the elements is the inventory's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "handler/backends/tape/image/transformer.hpp"
#include "tcmud/changer_backend.hpp"
#include "tcmud/result.hpp"
#include "tcmud/tape_backend.hpp"

namespace tcmud::tape {

struct LibraryFile {
    struct Drive {
        std::string serial;
        std::string personality{tape_personalities.front()};
        std::string maker{tape_makers.front()};
        std::string compression{compression_levels.front()};
        bool operator==(const Drive&) const = default;
    };
    struct Bases {
        std::uint16_t transport = 1;
        std::uint16_t import_export = 16;
        std::uint16_t drives = 256;
        std::uint16_t storage = 4096;
        bool operator==(const Bases&) const = default;
    };
    static constexpr std::uint16_t most_slots = 60000;
    static constexpr std::size_t most_drives = 256;
    static constexpr std::size_t most_import_export = 255;

    std::string name;
    std::string personality = "ibm-3584";  // Whose INQUIRY strings the changer has.
    std::string vendor;
    std::string product;
    std::string serial;
    Bases bases;
    std::uint16_t slots = 0;
    std::uint16_t import_export = 0;
    std::vector<Drive> drives;
    bool operator==(const LibraryFile&) const = default;

    // All of them empty; sorted as ChangerBackend::elements() is.
    std::vector<Element> elements() const;
};

// Whose strings there are, for messages: "ibm-3584, …".
std::string known_library_personalities();

// name: of the file, for errors, which tell the line.
Result<LibraryFile> parse_library(std::string_view text, const std::string& name);
std::string print(const LibraryFile& library);

}  // namespace tcmud::tape
