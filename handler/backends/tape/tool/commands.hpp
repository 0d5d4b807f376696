// SPDX-License-Identifier: Apache-2.0
// What tcmu-tape does with a cartridge, whether tcmud runs or not.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "handler/backends/tape/image/cartridge.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

// Everything that its command line can say.
struct Wish {
    std::string cartridge;
    NewCartridge made;
    std::uint64_t capacity = 0;
    std::optional<std::string> barcode;
    std::optional<bool> write_protected;
    std::uint32_t partition = 0;
    std::uint64_t file = 0;
    std::vector<std::string> files;  // On the other side of import and export.
    std::uint32_t block_size = 65536;
    std::string key_file;  // Of encrypted blocks; empty: none.
};

// A density code in hexadecimal, or the name of a generation: "lto-8".
std::optional<std::uint8_t> density_of(std::string_view text);
std::string name_of_density(std::uint8_t density);

// Each prints to `out` what it has to tell, and fails with one line.
using Command = Result<void> (*)(const Wish& wish, std::ostream& out);

Result<void> create(const Wish& wish, std::ostream& out);
Result<void> set(const Wish& wish, std::ostream& out);
Result<void> rebuild(const Wish& wish, std::ostream& out);

Result<void> info(const Wish& wish, std::ostream& out);
Result<void> list(const Wish& wish, std::ostream& out);
Result<void> cat(const Wish& wish, std::ostream& out);
Result<void> verify(const Wish& wish, std::ostream& out);

Result<void> export_files(const Wish& wish, std::ostream& out);
Result<void> import_files(const Wish& wish, std::ostream& out);

}  // namespace tcmud::tape
