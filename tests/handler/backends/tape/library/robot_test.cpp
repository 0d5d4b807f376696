// SPDX-License-Identifier: Apache-2.0
#include <sys/file.h>

#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/library/served_library.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE(
    "a cartridge that is moved into a drive is loaded there, and comes out again with what was written") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    auto& drive = *library.drives[0];
    CHECK_FALSE(drive.occupied());
    REQUIRE(library.move(slot, first_drive) == MoveStatus::ok);
    REQUIRE(drive.medium());
    CHECK(drive.medium()->barcode == "A00001L8");
    CHECK(library.medium_events[0] == 1);
    CHECK(library.at(first_drive).loaded);
    CHECK(library.at(first_drive).source == slot);
    CHECK(library.write(drive, 7).status == TapeStatus::ok);

    REQUIRE(library.move(first_drive, next_slot) == MoveStatus::ok);
    CHECK_FALSE(drive.occupied());
    CHECK(library.medium_events[0] == 2);
    CHECK(library.holds(next_slot, "A00001L8"));
    REQUIRE(library.move(next_slot, second_drive) == MoveStatus::ok);
    CHECK(library.read(*library.drives[1]) == 7);
    // All of it was the library's own doing.
    CHECK(library.inventory_events == 0);
    CHECK(library.import_export_events == 0);
}

TEST_CASE("a cartridge goes from one drive to the other") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    REQUIRE(library.move(slot, first_drive) == MoveStatus::ok);
    CHECK(library.write(*library.drives[0], 9).status == TapeStatus::ok);
    REQUIRE(library.move(first_drive, second_drive) == MoveStatus::ok);
    CHECK_FALSE(library.drives[0]->occupied());
    CHECK(library.read(*library.drives[1]) == 9);
}

TEST_CASE("an exchange loads one cartridge and puts the other away") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.put("A00002L8", next_slot);
    library.serve_all();
    REQUIRE(library.move(slot, first_drive) == MoveStatus::ok);
    REQUIRE(library.exchange(next_slot, first_drive, next_slot) == MoveStatus::ok);
    CHECK(library.drives[0]->medium()->barcode == "A00002L8");
    CHECK(library.holds(next_slot, "A00001L8"));
    REQUIRE(library.exchange(next_slot, first_drive, slot) == MoveStatus::ok);
    CHECK(library.drives[0]->medium()->barcode == "A00001L8");
    CHECK(library.holds(slot, "A00002L8"));
    REQUIRE(library.move(slot, second_drive) == MoveStatus::ok);
    REQUIRE(library.exchange(first_drive, second_drive, first_drive) == MoveStatus::ok);
    CHECK(library.drives[0]->medium()->barcode == "A00002L8");
    CHECK(library.drives[1]->medium()->barcode == "A00001L8");
}

TEST_CASE("what a drive's initiators keep is not taken out") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    REQUIRE(library.move(slot, first_drive) == MoveStatus::ok);
    library.drives[0]->prevent_removal(true);
    CHECK(library.move(first_drive, slot) == MoveStatus::removal_prevented);
    CHECK(library.drives[0]->medium());
    library.drives[0]->prevent_removal(false);
    CHECK(library.move(first_drive, slot) == MoveStatus::ok);
}

TEST_CASE("a cartridge that was unloaded before is taken out as well") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    REQUIRE(library.move(slot, first_drive) == MoveStatus::ok);
    TapeResult result;
    library.wait([&](Completion done) { library.drives[0]->unload(result, std::move(done)); });
    CHECK_FALSE(library.at(first_drive).loaded);
    CHECK(library.move(first_drive, slot) == MoveStatus::ok);
    CHECK_FALSE(library.drives[0]->occupied());
}

TEST_CASE("a cartridge that cannot be used stays where it is") {
    ServedLibrary library;
    const auto name = library.put("A00001L8", slot);
    std::filesystem::remove(library.directory->cartridge_path(name) + "/cart");
    library.serve_all();
    CHECK(library.at(slot).damaged);
    CHECK(library.move(slot, first_drive) == MoveStatus::damaged);
    CHECK(library.at(slot).full);
    CHECK_FALSE(library.drives[0]->occupied());
    // It can be put elsewhere.
    CHECK(library.move(slot, next_slot) == MoveStatus::ok);
}

TEST_CASE("a cartridge that another program has is not loaded") {
    ServedLibrary library;
    const auto name = library.put("A00001L8", slot);
    library.serve_all();
    {
        const auto other =
            tape::Cartridge::open(library.directory->cartridge_path(name), tape::Cartridge::Use::drive);
        REQUIRE(other);
        CHECK(library.move(slot, first_drive) == MoveStatus::busy);
    }
    CHECK(library.move(slot, first_drive) == MoveStatus::ok);
}

TEST_CASE("a move that another process was faster with is refused, and the drive is as before") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    // Not noticed yet.
    library.move_outside(slot, last_slot);
    CHECK(library.move(slot, first_drive) == MoveStatus::source_empty);
    CHECK_FALSE(library.drives[0]->occupied());
    library.until([&] { return library.inventory_events == 1; });
    CHECK(library.move(last_slot, first_drive) == MoveStatus::ok);
}

TEST_CASE("a drive that is not served gets and gives cartridges, unless another process has them") {
    ServedLibrary library;
    const auto name = library.put("A00001L8", slot);
    library.serve_changer();
    library.turn();
    CHECK(library.move(slot, first_drive) == MoveStatus::ok);
    {
        const auto other =
            tape::Cartridge::open(library.directory->cartridge_path(name), tape::Cartridge::Use::drive);
        CHECK(library.move(first_drive, slot) == MoveStatus::busy);
    }
    // When it is served, it has it.
    CHECK(library.serve_drive(0).medium()->barcode == "A00001L8");
    library.turn();
    CHECK(library.medium_events[0] == 0);
    CHECK(library.move(first_drive, slot) == MoveStatus::ok);
}

TEST_CASE("barcodes are changed, but not to another's, and not while a drive has the cartridge") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.put("A00002L8", next_slot);
    library.serve_all();
    CHECK(library.rename(slot, "N00001L8") == MoveStatus::ok);
    CHECK(library.barcode_at(slot) == "N00001L8");
    CHECK(library.rename(slot, "A00002L8") == MoveStatus::barcode_taken);
    CHECK(library.rename(last_slot, "X") == MoveStatus::source_empty);
    CHECK(library.rename(ElementAddress{9}, "X") == MoveStatus::no_source_element);
    REQUIRE(library.move(slot, first_drive) == MoveStatus::ok);
    CHECK(library.rename(first_drive, "X00001L8") == MoveStatus::busy);
    CHECK(library.inventory_events == 0);
}
