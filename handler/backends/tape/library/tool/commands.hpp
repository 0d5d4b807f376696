// SPDX-License-Identifier: Apache-2.0
// What tcmu-library does with a library, whether tcmud serves it or not.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "handler/backends/tape/library/library_directory.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape::library {

// Everything that its command line can say.
struct Wish {
    std::string library;
    LibraryFile made;
    std::size_t drives = 2;
    LibraryFile::Drive drive{{}, std::string(tape_personalities.front()), "ibm"};

    NewCartridge cartridge;  // What `add` makes, apart from its barcode.
    std::uint64_t capacity = 0;
    std::size_t count = 1;
    std::string prefix;
    std::string suffix;
    bool outside = false;

    std::string which;                      // A barcode, or the name of a cartridge's directory.
    std::optional<unsigned> slot;           // From 1, as mtx counts.
    std::optional<unsigned> import_export;  // The same.
    std::string barcode;
};

// Each prints to `out` what it has to tell, and fails with one line.
using Command = Result<void> (*)(const Wish& wish, std::ostream& out);

Result<void> create(const Wish& wish, std::ostream& out);
Result<void> add(const Wish& wish, std::ostream& out);
Result<void> insert(const Wish& wish, std::ostream& out);
Result<void> remove(const Wish& wish, std::ostream& out);
Result<void> rename(const Wish& wish, std::ostream& out);
Result<void> show(const Wish& wish, std::ostream& out);

// "slot 3", "import/export element 1", "drive 0": numbers as mtx counts them.
std::string name_of(const LibraryFile& file, const Element& element);

}  // namespace tcmud::tape::library
