// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/library/served_library.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("what another process changes is noticed and told") {
    ServedLibrary library;
    library.serve_all();
    library.put("A00001L8", mail);
    library.until([&] { return library.import_export_events == 1; });
    CHECK(library.at(mail).by_operator);
    CHECK(library.barcode_at(mail) == "A00001L8");
    library.put("A00002L8", slot);
    library.until([&] { return library.inventory_events == 1; });
    CHECK(library.barcode_at(slot) == "A00002L8");
    CHECK(library.import_export_events == 1);
}

TEST_CASE(
    "a library.toml that is edited takes effect when nothing of the library is served; until then that is "
    "told") {
    ServedLibrary library;
    library.serve_all();
    const auto path = library.path() + "/library.toml";
    const auto edit = [&](std::string_view with) { std::ofstream(path, std::ios::app) << with; };
    edit("# A remark changes nothing.\n");
    library.turn();
    CHECK(library.remarks.empty());
    edit("[[drives]]\nserial = \"0003\"\n");
    const auto told =
        path +
        " was changed: that takes effect when all LUNs of the library are unexported and exported "
        "again, or tcmud is restarted";
    library.until([&] { return library.remarks.size() == 1; });
    CHECK(library.remarks[0] == told);
    CHECK(ServedLibrary::need(library.changer->control("problems")) == told + "\n");
    CHECK(tape::Library::open_drive(library.path(), 2).error().text ==
          library.path() + ": there is no drive 2: the library has 2, counted from 0; " + told);
    library.stop();
    CHECK(tape::Library::open_drive(library.path(), 2));
}

TEST_CASE("a library.toml that is edited and wrong is told of, and the library goes on as it was") {
    ServedLibrary library;
    library.serve_all();
    std::ofstream(library.path() + "/library.toml", std::ios::app) << "slots = 7\n";
    library.until([&] { return library.remarks.size() == 1; });
    CHECK(
        library.remarks[0].starts_with("library.toml cannot be used: " + library.path() + "/library.toml:"));
    library.put("A00001L8", slot);
    library.until([&] { return library.inventory_events == 1; });
    CHECK(library.remarks.size() == 1);
}

TEST_CASE("drives follow what another process has changed") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    library.move_outside(slot, second_drive);
    library.until([&] { return library.drives[1]->medium() != nullptr; });
    CHECK(library.medium_events[1] == 1);
    library.write(*library.drives[1], 5);
    library.move_outside(second_drive, last_slot);
    library.until([&] { return !library.drives[1]->occupied(); });
    REQUIRE(library.move(last_slot, first_drive) == MoveStatus::ok);
    CHECK(library.read(*library.drives[0]) == 5);
}

TEST_CASE("what was changed between opening and serving is found") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    auto drive = ServedLibrary::need(tape::Library::open_drive(library.path(), 0));
    library.move_outside(slot, first_drive);
    CHECK_FALSE(drive->occupied());
    library.drives[0] = std::move(drive);
    library.serve_changer();
    library.turn();
    drive = std::move(library.drives[0]);
    drive.reset();
    CHECK(library.serve_drive(0).medium());
}

TEST_CASE("the changer and the drives of a directory share one library, and one serving thread") {
    ServedLibrary library;
    library.serve_all();
    const auto shared = ServedLibrary::need(tape::Library::find(library.path()));
    CHECK(shared == ServedLibrary::need(tape::Library::find(library.path() + "/.")));
    CHECK(library.changer->placement_key() == shared->directory().path());
    CHECK(library.drives[0]->placement_key() == shared->directory().path());
}

TEST_CASE("a library is served again after all of it was gone") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    REQUIRE(library.move(slot, first_drive) == MoveStatus::ok);
    library.write(*library.drives[0], 3);
    library.stop();
    library.serve_all();
    CHECK(library.read(*library.drives[0]) == 3);
    CHECK(library.holds(first_drive, "A00001L8"));
}

TEST_CASE("an inventory that cannot be read leaves the library as it was") {
    ServedLibrary library;
    library.put("A00001L8", slot);
    library.serve_all();
    CHECK(library.changer->control("problems").value().empty());
    const auto inventory = library.directory->inventory_path();
    std::filesystem::rename(inventory, inventory + ".away");
    CHECK(library.move(slot, first_drive) == MoveStatus::io_error);
    CHECK(library.holds(slot, "A00001L8"));
    CHECK(library.changer->control("problems") == inventory + ": No such file or directory\n");
    std::filesystem::rename(inventory + ".away", inventory);
    CHECK(library.move(slot, first_drive) == MoveStatus::ok);
    CHECK(library.changer->control("problems").value().empty());
}
