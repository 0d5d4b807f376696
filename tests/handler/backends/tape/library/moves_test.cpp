// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/moves.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::tape;

namespace {

constexpr ElementAddress transport{1}, mail{16}, drive{256}, slot{4096}, next{4097}, last{4098};

// Cartridge a in the first slot, b in the second; c outside.
struct Library {
    LibrarySnapshot there;

    Library() {
        LibraryFile file;
        file.slots = 3;
        file.import_export = 1;
        file.drives = {{"1", "lto-8", "ibm"}};
        there.elements = file.elements();
        there.cartridges["a"].barcode = "A00001L8";
        there.cartridges["b"].barcode = "B00001L8";
        there.cartridges["c"].barcode = "C00001L8";
        put(slot, "a");
        put(next, "b");
    }
    void put(ElementAddress at, const std::string& cartridge) {
        there.inventory.places[at] = {cartridge, std::nullopt, false};
        refresh();
    }
    void refresh() {
        for (auto& element : there.elements) {
            const auto* place = there.inventory.find(element.address);
            element.full = place != nullptr;
            element.cartridge = place ? place->cartridge : "";
            element.barcode = place ? there.cartridges[place->cartridge].barcode : "";
        }
    }
    MoveStatus move(ElementAddress from, ElementAddress to, std::optional<ElementAddress> second = {}) {
        const auto status = tape::move(there, {from, to, second}, there.inventory);
        refresh();
        return status;
    }
    std::string at(ElementAddress address) const {
        const auto* place = there.inventory.find(address);
        return place ? place->cartridge : "";
    }
};

}  // namespace

TEST_CASE("a cartridge that is moved remembers the slot it was in last") {
    Library library;
    CHECK(library.move(slot, drive) == MoveStatus::ok);
    CHECK(library.at(slot).empty());
    CHECK(*library.there.inventory.find(drive) == Inventory::Place{"a", slot, false});
    CHECK(library.move(drive, mail) == MoveStatus::ok);
    CHECK(*library.there.inventory.find(mail) == Inventory::Place{"a", slot, false});
    CHECK(library.move(mail, mail) == MoveStatus::ok);
}

TEST_CASE("what an operator has put in is not his any more once it was moved") {
    Library library;
    REQUIRE(insert(library.there, "c", mail, library.there.inventory));
    library.refresh();
    CHECK(library.there.inventory.find(mail)->by_operator);
    CHECK(library.move(mail, last) == MoveStatus::ok);
    CHECK_FALSE(library.there.inventory.find(last)->by_operator);
}

TEST_CASE("a move that cannot be made changes nothing") {
    Library library;
    const auto before = library.there.inventory;
    CHECK(library.move(ElementAddress{9}, drive) == MoveStatus::no_source_element);
    CHECK(library.move(transport, drive) == MoveStatus::no_source_element);
    CHECK(library.move(slot, transport) == MoveStatus::no_destination_element);
    CHECK(library.move(last, drive) == MoveStatus::source_empty);
    CHECK(library.move(slot, next) == MoveStatus::destination_full);
    CHECK(library.move(slot, drive, last) == MoveStatus::source_empty);
    CHECK(library.move(slot, slot, last) == MoveStatus::destination_full);
    CHECK(library.move(slot, next, next) == MoveStatus::destination_full);
    CHECK(library.move(slot, next, ElementAddress{9}) == MoveStatus::no_destination_element);
    CHECK(library.there.inventory == before);
}

TEST_CASE("an exchange moves two cartridges at once") {
    Library library;
    CHECK(library.move(slot, next, slot) == MoveStatus::ok);
    CHECK((library.at(slot) == "b" && library.at(next) == "a"));
    CHECK(library.move(slot, next, drive) == MoveStatus::ok);
    CHECK((library.at(slot).empty() && library.at(next) == "b" && library.at(drive) == "a"));
    CHECK(library.there.inventory.find(drive)->source == next);
    library.put(last, "c");
    CHECK(library.move(next, drive, last) == MoveStatus::destination_full);
}

TEST_CASE("an operator puts cartridges into slots and takes them out") {
    Library library;
    auto& inventory = library.there.inventory;
    CHECK(insert(library.there, "c", last, inventory));
    CHECK(library.at(last) == "c");
    library.refresh();
    CHECK(insert(library.there, "c", mail, inventory).error().text ==
          "the cartridge is in element 4098 already");
    CHECK(remove(library.there, last, inventory));
    library.refresh();
    CHECK(remove(library.there, last, inventory).error().text == "element 4098 is empty");
    CHECK(insert(library.there, "c", slot, inventory).error().text == "element 4096 is full");
    CHECK(insert(library.there, "c", drive, inventory).error().text ==
          "element 256 is neither a slot nor an import and export element");
    CHECK(insert(library.there, "x", last, inventory).error().text == "there is no cartridge x");
    CHECK(insert(library.there, "c", ElementAddress{9}, inventory).error().text == "there is no element 9");
    library.there.cartridges["c"].barcode = "A00001L8";
    CHECK(insert(library.there, "c", last, inventory).error().text ==
          "element 4096 has a cartridge with the barcode A00001L8 already");
}

TEST_CASE("what others have changed is told by where they did") {
    Library library;
    const auto before = library.there;
    CHECK(difference(before, library.there) == Difference::none);
    library.put(mail, "c");
    CHECK(difference(before, library.there) == Difference::import_export);
    library.move(slot, drive);
    CHECK(difference(before, library.there) == Difference::other);
}

TEST_CASE("a barcode that was changed is a difference") {
    Library library;
    const auto before = library.there;
    library.there.cartridges["a"].barcode = "N00001L8";
    library.refresh();
    CHECK(difference(before, library.there) == Difference::other);
}
