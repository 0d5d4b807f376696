// SPDX-License-Identifier: Apache-2.0
// A tape library on disk, with calls that block: library.toml says what it is, the inventory what is where,
// cartridges/ has all cartridges, those that are in no element too. Any process may change it meanwhile.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "handler/backends/tape/image/cartridge.hpp"
#include "handler/backends/tape/library/inventory.hpp"
#include "handler/backends/tape/library/library_file.hpp"
#include "tcmud/changer_backend.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

// What one look has found. Never changes.
struct LibrarySnapshot {
    struct Facts {
        std::string barcode;
        std::uint8_t density = 0;
        bool worm = false;
        bool cleaning = false;
        bool write_protected = false;
        std::string problem;  // Why it cannot be used; empty: it can.
    };

    Inventory inventory;
    std::map<std::string, Facts> cartridges;  // By the names of their directories.
    std::vector<Element> elements;
    std::vector<std::string> problems;  // For administrators, a line each.

    const Element* find(ElementAddress address) const;
    std::vector<std::string> outside() const;  // Names of cartridges that are in no element.
    // The only one, or nullopt.
    std::optional<std::string> with_barcode(std::string_view barcode) const;
};

class LibraryDirectory {
public:
    static Result<LibraryDirectory> open(const std::string& path);
    // Makes the directory, which must not be there, or be empty.
    static Result<void> create(const std::string& path, const LibraryFile& file);

    // Without symbolic links.
    const std::string& path() const { return path_; }
    const LibraryFile& file() const { return file_; }
    // How library.toml is not what it was when this was opened, and what to do about it, a line; empty: it is
    // the same.
    std::string what_was_edited() const;
    std::string inventory_path() const { return path_ + "/inventory"; }
    std::string cartridge_path(std::string_view name) const;

    // Whether there is such a drive, counted from 0.
    Result<void> check_drive(std::size_t number) const;

    // known: of before; cartridges are not looked at again if nothing was changed since.
    Result<LibrarySnapshot> look(const LibrarySnapshot* known = nullptr) const;

    struct Changed {
        LibrarySnapshot before;
        LibrarySnapshot after;
    };
    // Holds the library's lock meanwhile. change: sees what is there, and changes the inventory; its failure
    // leaves all as it was. On ok the change survives power loss.
    using Change = std::function<Result<void>(const LibrarySnapshot& there, Inventory& inventory)>;
    Result<Changed> change(const Change& change, const LibrarySnapshot* known = nullptr) const;
    // The same for barcodes: EEXIST if another cartridge has it, EBUSY while a drive has the cartridge.
    Result<Changed> set_barcode(std::string_view cartridge, const std::string& barcode) const;
    // New cartridges, in no element; their names.
    Result<std::vector<std::string>> add(const std::vector<NewCartridge>& cartridges) const;

    // Whether a process has it in a drive, or works with it.
    bool in_use(std::string_view cartridge) const;

    // While it exists, operators cannot use import and export elements.
    class Prevention {
    public:
        explicit Prevention(const std::string& directory);

    private:
        File file_;
    };
    bool removal_prevented() const;

private:
    LibraryDirectory(std::string path, LibraryFile file) : path_(std::move(path)), file_(std::move(file)) {}

    Result<File> lock() const;
    enum class Cartridges { as_before, look_again };
    Result<Changed> change(const Change& change, const LibrarySnapshot* known, Cartridges after) const;
    Result<void> store(const Inventory& inventory) const;
    LibrarySnapshot snapshot_of(Inventory inventory, const LibrarySnapshot* same_cartridges) const;
    void find_cartridges(LibrarySnapshot& snapshot) const;
    void fill_elements(LibrarySnapshot& snapshot) const;

    std::string path_;
    LibraryFile file_;
};

}  // namespace tcmud::tape
