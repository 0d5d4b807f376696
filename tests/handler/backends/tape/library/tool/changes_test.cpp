// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/library/tool/with_library.hpp"

using namespace tcmud;
using namespace tcmud::test;
using namespace tcmud::tape::library;

namespace {
constexpr ElementAddress mail_slot{16}, drive_element{256}, first_slot{4096}, third_slot{4098};
}  // namespace

TEST_CASE("tcmu-library create: the directory's name, new serial numbers, IBM's drives") {
    TemporaryDirectory directory;
    WithLibrary library;
    auto wish = library.named();
    wish.library = (directory.path() / "other").string();
    CHECK_THAT(library.run(create, wish), Catch::Contains("slots must be a number from 1 to 60000"));
    wish.made.slots = 40;
    CHECK(library.run(create, wish) == wish.library + ": 40 slots, 0 import/export elements, 2 drives\n");
    const auto made = tape::LibraryDirectory::open(wish.library);
    REQUIRE(made);
    CHECK(made->file().name == "other");
    CHECK(made->file().serial.size() == 10);
    CHECK(made->file().drives[1].serial == made->file().serial.substr(0, 8) + "02");
    CHECK(made->file().drives[1].maker == "ibm");
    CHECK(library.run(create, wish) == wish.library + ": is not empty");
}

TEST_CASE("tcmu-library add: cartridges in empty slots, numbers that are not used yet") {
    WithLibrary library;
    CHECK(library.add(2, "A") == "A00001L8 … A00002L8: 2 cartridges in slots, 0 outside\n");
    CHECK(library.add(2, "A") == "A00003L8 … A00004L8: 1 cartridges in slots, 1 outside\n");
    CHECK(library.look().find(first_slot)->barcode == "A00001L8");
    CHECK(library.look().find(third_slot)->barcode == "A00003L8");
    CHECK(library.look().outside().size() == 1);
    CHECK(library.add(1, "CLNU", "CU") == "CLNU01CU … CLNU01CU: 0 cartridges in slots, 1 outside\n");
}

TEST_CASE("tcmu-library insert and remove: import and export elements first, then slots") {
    WithLibrary library;
    library.add(3, "A");
    CHECK(library.run(remove, library.named("A00001L8")) == "A00001L8 is out of slot 1\n");
    CHECK_FALSE(library.look().find(first_slot)->full);
    CHECK(library.run(insert, library.named("A00001L8")) == "A00001L8 is in import/export element 1\n");
    CHECK(library.look().find(mail_slot)->by_operator);
    CHECK(library.run(remove, library.named("A00001L8")) == "A00001L8 is out of import/export element 1\n");
    auto into = library.named("A00001L8");
    into.slot = 2;
    CHECK(library.run(insert, into) == "element 4097 is full");
    into.slot = 1;
    CHECK(library.run(insert, into) == "A00001L8 is in slot 1\n");
    into.slot = 4;
    CHECK_THAT(library.run(insert, into), Catch::EndsWith(": there is no slot 4: the library has 3"));
    CHECK_THAT(library.run(insert, library.named("X")), Catch::EndsWith(": there is no cartridge X"));
}

TEST_CASE("tcmu-library: what is in a drive is not an operator's") {
    WithLibrary library;
    library.add(1, "A");
    const auto there = tape::LibraryDirectory::open(library.named().library);
    REQUIRE(there->change([](const tape::LibrarySnapshot&, tape::Inventory& inventory) -> Result<void> {
        inventory.places[drive_element] = inventory.places.at(first_slot);
        inventory.places.erase(first_slot);
        return {};
    }));
    CHECK(library.run(remove, library.named("A00001L8")) ==
          "element 256 is neither a slot nor an import and export element");
}

TEST_CASE("tcmu-library: an initiator that prevents removal is obeyed") {
    WithLibrary library;
    library.add(1, "A");
    library.run(remove, library.named("A00001L8"));
    std::optional<tape::LibraryDirectory::Prevention> prevented(library.named().library);
    CHECK_THAT(library.run(insert, library.named("A00001L8")),
               Catch::EndsWith(": an initiator prevents the use of import and export elements"));
    prevented.reset();
    CHECK(library.run(insert, library.named("A00001L8")) == "A00001L8 is in import/export element 1\n");
}

TEST_CASE("tcmu-library rename: a barcode is one cartridge's") {
    WithLibrary library;
    library.add(2, "A");
    auto wish = library.named("A00001L8");
    wish.barcode = "N00001L8";
    CHECK_THAT(library.run(rename, wish), Catch::EndsWith(" has the barcode N00001L8\n"));
    CHECK(library.look().find(first_slot)->barcode == "N00001L8");
    wish.which = "N00001L8";
    wish.barcode = "A00002L8";
    library.run(rename, wish);
    CHECK(library.failed);
}
