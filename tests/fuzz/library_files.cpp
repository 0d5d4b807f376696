// SPDX-License-Identifier: Apache-2.0
// A tape library's files, as administrators write library.toml and as a disk that went wrong gives back an
// inventory; the first byte says which. What moves do to an inventory that was read is tried too.
#include <string>

#include "handler/backends/tape/library/inventory.hpp"
#include "handler/backends/tape/library/library_file.hpp"
#include "handler/backends/tape/library/moves.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using tcmud::fuzz::promise;

namespace {

void read_library(const std::string& text) {
    const auto library = parse_library(text, "library.toml");
    if (!library) {
        promise(library.error().text.starts_with("library.toml:"), "an error names the file");
        return;
    }
    const auto again = parse_library(print(*library), "library.toml");
    promise(again && *again == *library, "a library is what it says it is");
    const auto elements = library->elements();
    promise(elements.size() == 1u + library->slots + library->import_export + library->drives.size(),
            "all elements are there");
    std::vector<bool> seen(0x10000);
    for (const auto& element : elements) {
        const auto address = static_cast<std::uint16_t>(element.address);
        promise(!seen[address], "an address is one element's");
        seen[address] = true;
    }
}

// Every cartridge is where it was or where it was moved to.
void move_about(Inventory inventory, fuzz::Reader& moves) {
    LibraryFile file;
    file.slots = 4;
    file.import_export = 2;
    file.drives = {{"1"}, {"2"}};
    while (!moves.empty()) {
        LibrarySnapshot there;
        there.inventory = inventory;
        there.elements = file.elements();
        for (auto& element : there.elements) {
            const auto* place = inventory.find(element.address);
            element.full = place != nullptr;
            if (place) element.cartridge = place->cartridge;
        }
        const auto any = [&] { return there.elements[moves.u8() % there.elements.size()].address; };
        MoveRequest request{any(), any(), {}};
        if ((moves.u8() & 1) != 0) request.second_destination = any();
        auto moved = inventory;
        const auto status = tape::move(there, request, moved);
        promise(status == MoveStatus::ok || moved == inventory, "what is refused changes nothing");
        promise(moved.places.size() == inventory.places.size(), "no cartridge is lost or made");
        for (const auto& [address, place] : inventory.places)
            promise(moved.whereabouts(place.cartridge).has_value(), "each is still somewhere");
        const auto read = parse_inventory(print(moved));
        promise(read && *read == moved, "and that can be read again");
        inventory = std::move(moved);
    }
}

void read_inventory(const std::string& text, fuzz::Reader& moves) {
    const auto inventory = parse_inventory(text);
    if (!inventory) {
        promise(!inventory.error().text.empty(), "an error says why");
        return;
    }
    const auto again = parse_inventory(print(*inventory));
    promise(again && *again == *inventory, "an inventory is what it says it is");
    move_about(*inventory, moves);
}

// Few inputs would ever have the checksum that belongs to them.
Inventory made_of(fuzz::Reader& input) {
    Inventory inventory;
    inventory.generation = input.u8();
    for (unsigned count = input.u8() % 8; count != 0; --count) {
        constexpr std::uint16_t addresses[]{16, 17, 256, 257, 4096, 4097, 4098, 4099};
        Inventory::Place place{"c" + std::to_string(count), std::nullopt, (input.u8() & 1) != 0};
        if ((input.u8() & 1) != 0) place.source = ElementAddress{addresses[input.u8() % 8]};
        inventory.places[ElementAddress{addresses[input.u8() % 8]}] = std::move(place);
    }
    return inventory;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Reader input(data, size);
    const auto kind = input.u8() % 3;
    if (kind == 0) {
        const auto text = input.bytes(size);
        read_library({text.begin(), text.end()});
    } else if (kind == 1) {
        const auto text = input.bytes(size);
        read_inventory({text.begin(), text.end()}, input);
    } else {
        const auto inventory = made_of(input);
        read_inventory(print(inventory), input);
    }
    return 0;
}
