// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "handler/backends/tape/library/moves.hpp"
#include "handler/backends/tape/library/tool/commands.hpp"

namespace tcmud::tape::library {

namespace {

// As real libraries and drives have them: ten characters.
std::string new_serial(std::size_t length) {
    auto digits = text_of(random_uuid()).substr(0, length);
    std::ranges::transform(digits, digits.begin(), [](unsigned char c) { return std::toupper(c); });
    return digits;
}

// Of six characters with the prefix, and the suffix behind: A00001L8.
std::string numbered(const Wish& wish, std::size_t number) {
    constexpr std::size_t volume_serial = 6;
    const auto width = volume_serial - std::min(wish.prefix.size(), volume_serial - 1);
    return fmt::format("{}{:0{}}{}", wish.prefix, number, width, wish.suffix);
}

std::vector<NewCartridge> cartridges_of(const Wish& wish, const LibrarySnapshot& there) {
    std::set<std::string> used;
    for (const auto& [name, facts] : there.cartridges) used.insert(facts.barcode);
    std::vector<NewCartridge> made;
    for (std::size_t number = 1; made.size() < wish.count; ++number) {
        auto cartridge = wish.cartridge;
        cartridge.capacity = ByteCount{wish.capacity};
        cartridge.barcode = numbered(wish, number);
        if (!used.contains(cartridge.barcode)) made.push_back(std::move(cartridge));
    }
    return made;
}

Result<std::string> cartridge_named(const LibraryDirectory& library, const LibrarySnapshot& there,
                                    const std::string& which) {
    if (there.cartridges.contains(which)) return which;
    if (auto found = there.with_barcode(which)) return *found;
    const auto several = std::ranges::count_if(
        there.cartridges, [&](const auto& cartridge) { return cartridge.second.barcode == which; });
    if (several == 0)
        return failure(ENOENT, fmt::format("{}: there is no cartridge {}", library.path(), which));
    return failure(EEXIST, fmt::format("{}: {} cartridges have the barcode {}: name one by its directory",
                                       library.path(), several, which));
}

Result<void> not_prevented(const LibraryDirectory& library, const Element* element) {
    if (!element || element->type != ElementType::import_export || !library.removal_prevented()) return {};
    return failure(EBUSY, fmt::format("{}: an initiator prevents the use of import and export elements",
                                      library.path()));
}

// The element that was asked for, or the first import and export element that is empty, or slot.
Result<ElementAddress> element_for(const Wish& wish, const LibraryDirectory& library,
                                   const LibrarySnapshot& there) {
    const auto numbered_element = [&](unsigned number, std::uint16_t first, std::uint16_t count,
                                      std::string_view what) -> Result<ElementAddress> {
        if (number >= 1 && number <= count)
            return ElementAddress{static_cast<std::uint16_t>(first + number - 1)};
        return failure(ENXIO, fmt::format("{}: there is no {} {}: the library has {}", library.path(), what,
                                          number, count));
    };
    const auto& file = library.file();
    if (wish.slot) return numbered_element(*wish.slot, file.bases.storage, file.slots, "slot");
    if (wish.import_export) {
        return numbered_element(*wish.import_export, file.bases.import_export, file.import_export,
                                "import/export element");
    }
    for (const auto type : {ElementType::import_export, ElementType::storage}) {
        const auto empty = std::ranges::find_if(
            there.elements, [&](const Element& element) { return element.type == type && !element.full; });
        if (empty != there.elements.end()) return empty->address;
    }
    return failure(ENOSPC, library.path() + ": no element is empty");
}

}  // namespace

std::string name_of(const LibraryFile& file, const Element& element) {
    const auto number = static_cast<unsigned>(element.address);
    switch (element.type) {
        case ElementType::transport: return "transport element";
        case ElementType::storage: return fmt::format("slot {}", number - file.bases.storage + 1);
        case ElementType::import_export:
            return fmt::format("import/export element {}", number - file.bases.import_export + 1);
        case ElementType::drive: return fmt::format("drive {}", number - file.bases.drives);
    }
    return {};
}

Result<void> create(const Wish& wish, std::ostream& out) {
    auto file = wish.made;
    const auto serial = new_serial(8);
    if (file.serial.empty()) file.serial = serial + "LL";
    if (file.name.empty()) {
        const auto end = wish.library.find_last_not_of('/');
        const auto begin = wish.library.find_last_of('/', end);
        file.name = end == std::string::npos ? "library" : wish.library.substr(begin + 1, end - begin);
    }
    for (std::size_t i = 0; i < wish.drives; ++i) {
        auto& drive = file.drives.emplace_back(wish.drive);
        drive.serial = fmt::format("{}{:02X}", serial, i + 1);
    }
    if (auto made = LibraryDirectory::create(wish.library, file); !made) return made;
    out << fmt::format("{}: {} slots, {} import/export elements, {} drives\n", wish.library, file.slots,
                       file.import_export, file.drives.size());
    return {};
}

Result<void> add(const Wish& wish, std::ostream& out) {
    const auto library = LibraryDirectory::open(wish.library);
    if (!library) return tl::unexpected(library.error());
    const auto there = library->look();
    if (!there) return tl::unexpected(there.error());
    const auto made = cartridges_of(wish, *there);
    const auto names = library->add(made);
    if (!names) return tl::unexpected(names.error());
    std::size_t put = 0;
    const auto fill = [&](const LibrarySnapshot& now, Inventory& inventory) -> Result<void> {
        for (const auto& element : now.elements) {
            if (put == names->size()) break;
            if (element.type != ElementType::storage || element.full) continue;
            if (auto done = tape::insert(now, (*names)[put], element.address, inventory); !done) return done;
            ++put;
        }
        return {};
    };
    if (!wish.outside) {
        if (const auto changed = library->change(fill); !changed) return tl::unexpected(changed.error());
    }
    out << fmt::format("{} … {}: {} cartridges in slots, {} outside\n", made.front().barcode,
                       made.back().barcode, put, names->size() - put);
    return {};
}

Result<void> insert(const Wish& wish, std::ostream& out) {
    const auto library = LibraryDirectory::open(wish.library);
    if (!library) return tl::unexpected(library.error());
    std::string where;
    const auto put = [&](const LibrarySnapshot& there, Inventory& inventory) -> Result<void> {
        const auto cartridge = cartridge_named(*library, there, wish.which);
        if (!cartridge) return tl::unexpected(cartridge.error());
        const auto address = element_for(wish, *library, there);
        if (!address) return tl::unexpected(address.error());
        const auto* element = there.find(*address);
        if (auto free = not_prevented(*library, element); !free) return free;
        where = name_of(library->file(), *element);
        return tape::insert(there, *cartridge, *address, inventory);
    };
    if (const auto changed = library->change(put); !changed) return tl::unexpected(changed.error());
    out << fmt::format("{} is in {}\n", wish.which, where);
    return {};
}

Result<void> remove(const Wish& wish, std::ostream& out) {
    const auto library = LibraryDirectory::open(wish.library);
    if (!library) return tl::unexpected(library.error());
    std::string where;
    const auto take = [&](const LibrarySnapshot& there, Inventory& inventory) -> Result<void> {
        const auto cartridge = cartridge_named(*library, there, wish.which);
        if (!cartridge) return tl::unexpected(cartridge.error());
        const auto address = inventory.whereabouts(*cartridge);
        if (!address)
            return failure(ENOENT,
                           fmt::format("{}: cartridge {} is outside already", library->path(), wish.which));
        const auto* element = there.find(*address);
        // Of a library that has become smaller.
        if (!element) return inventory.places.erase(*address), Result<void>();
        if (auto free = not_prevented(*library, element); !free) return free;
        where = " of " + name_of(library->file(), *element);
        return tape::remove(there, *address, inventory);
    };
    if (const auto changed = library->change(take); !changed) return tl::unexpected(changed.error());
    out << fmt::format("{} is out{}\n", wish.which, where);
    return {};
}

Result<void> rename(const Wish& wish, std::ostream& out) {
    const auto library = LibraryDirectory::open(wish.library);
    if (!library) return tl::unexpected(library.error());
    const auto there = library->look();
    if (!there) return tl::unexpected(there.error());
    const auto cartridge = cartridge_named(*library, *there, wish.which);
    if (!cartridge) return tl::unexpected(cartridge.error());
    if (const auto done = library->set_barcode(*cartridge, wish.barcode); !done)
        return tl::unexpected(done.error());
    out << fmt::format("{} has the barcode {}\n", *cartridge, wish.barcode);
    return {};
}

}  // namespace tcmud::tape::library
