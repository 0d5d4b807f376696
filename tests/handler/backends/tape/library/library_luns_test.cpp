// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/library/served_library.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("a library's changer and drives are what library.toml says") {
    ServedLibrary library;
    library.serve_all();
    CHECK(library.changer->vendor() == "IBM");
    CHECK(library.changer->product() == "03584L32");
    CHECK(library.changer->serial() == "78000");
    CHECK(library.drives[1]->serial() == "0002");
    CHECK(library.drives[1]->personality() == "lto-9");
    CHECK(library.drives[1]->maker() == "ibm");
    CHECK(library.at(second_drive).serial == "0002");
    REQUIRE(library.drives[1]->automation());
    CHECK(library.drives[1]->automation()->serial == "78000");
    CHECK(ElementAddress{library.drives[1]->automation()->element_address} == second_drive);
}

TEST_CASE("an initiator of the changer keeps operators from import and export elements") {
    ServedLibrary library;
    library.serve_all();
    library.changer->prevent_removal(true);
    CHECK(library.directory->removal_prevented());
    library.changer->prevent_removal(false);
    CHECK_FALSE(library.directory->removal_prevented());
    library.changer->prevent_removal(true);
    library.stop();
    CHECK_FALSE(library.directory->removal_prevented());
}

TEST_CASE("a drive whose cartridge another program has waits for it") {
    ServedLibrary library;
    const auto name = library.put("A00001L8", slot);
    library.move_outside(slot, first_drive);
    {
        const auto other =
            tape::Cartridge::open(library.directory->cartridge_path(name), tape::Cartridge::Use::drive);
        CHECK(tape::Library::open_drive(library.path(), 0).error().number == EBUSY);
    }
    CHECK(tape::Library::open_drive(library.path(), 0));
}

TEST_CASE("a drive with a cartridge that cannot be used is served, and can be emptied") {
    ServedLibrary library;
    const auto name = library.put("A00001L8", slot);
    library.move_outside(slot, first_drive);
    std::filesystem::remove(library.directory->cartridge_path(name) + "/cart");
    library.serve_all();
    CHECK_FALSE(library.drives[0]->occupied());
    CHECK(library.at(first_drive).full);
    CHECK(library.at(first_drive).damaged);
    CHECK_FALSE(library.changer->control("problems").value().empty());
    CHECK(library.move(first_drive, slot) == MoveStatus::ok);
}
