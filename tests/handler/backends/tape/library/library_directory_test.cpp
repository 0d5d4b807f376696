// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "handler/backends/tape/library/moves.hpp"
#include "tests/support/synchronized_paths.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
namespace fs = std::filesystem;

namespace {

constexpr ElementAddress mail{16}, drive{256}, slot{4096}, next{4097};

class OnDisk {
public:
    OnDisk() {
        LibraryFile file;
        file.name = "vtl";
        file.serial = "1";
        file.vendor = "IBM";
        file.product = "03584L32";
        file.slots = 4;
        file.import_export = 1;
        file.drives = {{"2", "lto-8", "ibm"}};
        REQUIRE(LibraryDirectory::create(path(), file));
        library.emplace(*LibraryDirectory::open(path()));
    }
    std::string path() const { return (directory_.path() / "vtl").string(); }
    // Made, and put into that element.
    std::string put(const std::string& barcode, ElementAddress at) {
        NewCartridge cartridge;
        cartridge.barcode = barcode;
        const auto names = library->add({cartridge});
        REQUIRE(names);
        REQUIRE(library->change([&](const LibrarySnapshot& there, Inventory& inventory) {
            return insert(there, names->front(), at, inventory);
        }));
        return names->front();
    }
    LibrarySnapshot look() const {
        auto snapshot = library->look();
        REQUIRE(snapshot);
        return *snapshot;
    }

    std::optional<LibraryDirectory> library;

private:
    test::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a new library has empty elements") {
    OnDisk disk;
    CHECK(disk.library->path() == fs::canonical(disk.path()));
    const auto snapshot = disk.look();
    CHECK(snapshot.elements.size() == 7);
    CHECK(snapshot.inventory == Inventory{});
    CHECK(snapshot.problems.empty());
}

TEST_CASE("a new library, and a new cartridge in it, survive power loss") {
    test::synchronized_paths().clear();
    OnDisk disk;
    CHECK(test::synchronized_paths().has(disk.path()));
    CHECK(test::synchronized_paths().has(fs::path(disk.path()).parent_path()));
    REQUIRE(disk.library->add({NewCartridge{}}));
    CHECK(test::synchronized_paths().has(disk.path() + "/cartridges"));
}

TEST_CASE("a library is not made over anything, and what is none says so") {
    OnDisk disk;
    CHECK(LibraryDirectory::create(disk.path(), disk.library->file()).error().number == EEXIST);
    test::TemporaryDirectory empty;
    CHECK(LibraryDirectory::open(empty.path().string()).error().text ==
          empty.path().string() + ": is no tape library, there is no library.toml in it");
    CHECK(LibraryDirectory::open("relative").error().number == EINVAL);
}

TEST_CASE("cartridges are outside until they are put into an element") {
    OnDisk disk;
    const auto names = disk.library->add({{.barcode = "A00001L8"}, {.barcode = "A00002L8"}});
    REQUIRE(names);
    CHECK(disk.look().outside().size() == 2);
    CHECK(disk.look().with_barcode("A00002L8") == names->at(1));
    const auto inside = disk.put("A00003L8", slot);
    const auto snapshot = disk.look();
    CHECK(snapshot.outside().size() == 2);
    const auto* element = snapshot.find(slot);
    CHECK(element->full);
    CHECK(element->cartridge == inside);
    CHECK(element->barcode == "A00003L8");
    CHECK_FALSE(element->damaged);
}

TEST_CASE("no two cartridges get the same barcode") {
    OnDisk disk;
    CHECK(disk.library->add({{.barcode = "A00001L8"}, {.barcode = "A00001L8"}}).error().number == EEXIST);
    CHECK(disk.look().cartridges.empty());
    const auto first = disk.put("A00001L8", slot);
    CHECK(disk.library->add({{.barcode = "A00001L8"}}).error().number == EEXIST);
    const auto second = disk.put("A00002L8", next);
    CHECK(disk.library->set_barcode(second, "A00001L8").error().number == EEXIST);
    CHECK(disk.library->set_barcode(second, "A 1").error().number == EINVAL);
    REQUIRE(disk.library->set_barcode(second, "N00001L8"));
    CHECK(disk.look().find(next)->barcode == "N00001L8");
    CHECK(disk.look().inventory.generation > 3);
}

TEST_CASE("a cartridge that is missing is known, and cannot be used") {
    OnDisk disk;
    const auto name = disk.put("A00001L8", slot);
    fs::remove_all(disk.library->cartridge_path(name));
    const auto snapshot = disk.look();
    CHECK(snapshot.find(slot)->full);
    CHECK(snapshot.find(slot)->damaged);
    REQUIRE(snapshot.problems.size() == 1);
    CHECK(snapshot.problems[0] ==
          disk.library->cartridge_path(name) + ": the cartridge of element 4096 is missing");
}

TEST_CASE("of two cartridges with one barcode, the second cannot be used") {
    OnDisk disk;
    disk.put("A00001L8", slot);
    const auto second = disk.put("A00002L8", next);
    auto cart = *load_cart(disk.library->cartridge_path(second));
    cart.barcode = "A00001L8";
    REQUIRE(save_cart(disk.library->cartridge_path(second), cart));
    const auto snapshot = disk.look();
    CHECK_FALSE(snapshot.find(slot)->damaged);
    CHECK(snapshot.find(next)->damaged);
    CHECK(snapshot.problems ==
          std::vector<std::string>{
              disk.library->path() +
              ": the cartridges of elements 4096 and 4097 have the same barcode A00001L8"});
}

TEST_CASE("a cartridge in an element that the library does not have any more is told of") {
    OnDisk disk;
    const auto name = disk.put("A00001L8", slot);
    auto fewer = disk.library->file();
    fewer.bases.storage = 5000;
    std::ofstream(disk.path() + "/library.toml") << print(fewer);
    disk.library.emplace(*LibraryDirectory::open(disk.path()));
    CHECK(disk.look().problems ==
          std::vector<std::string>{disk.library->path() + ": cartridge " + name +
                                   " is in element 4096, which the library does not have"});
}

TEST_CASE("an inventory that is damaged is refused by name") {
    OnDisk disk;
    std::ofstream(disk.library->inventory_path(), std::ios::app) << "x";
    const auto snapshot = disk.library->look();
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().text == disk.library->inventory_path() + ": its checksum does not fit");
}

TEST_CASE("a change that fails leaves the inventory as it was") {
    OnDisk disk;
    disk.put("A00001L8", slot);
    const auto before = disk.look().inventory;
    CHECK_FALSE(disk.library->change([&](const LibrarySnapshot&, Inventory& inventory) -> Result<void> {
        inventory.places.clear();
        return failure(EBUSY, "no");
    }));
    CHECK(disk.look().inventory == before);
}

TEST_CASE("changes of many threads are made one after the other, none is lost") {
    OnDisk disk;
    disk.put("A00001L8", slot);
    const auto before = disk.look().inventory.generation;
    constexpr unsigned threads = 4, rounds = 25;
    std::atomic<unsigned> moved = 0;
    std::vector<std::thread> all;
    for (unsigned i = 0; i < threads; ++i) {
        all.emplace_back([&] {
            for (unsigned round = 0; round < rounds; ++round) {
                const auto changed =
                    disk.library->change([&](const LibrarySnapshot& there, Inventory& inventory) {
                        const auto from = *inventory.whereabouts(there.cartridges.begin()->first);
                        const auto to = from == slot ? next : slot;
                        move(there, {from, to, {}}, inventory);
                        return Result<void>();
                    });
                if (changed) ++moved;
            }
        });
    }
    for (auto& thread : all) thread.join();
    CHECK(moved == threads * rounds);
    CHECK(disk.look().inventory.generation == before + threads * rounds);
    CHECK(disk.look().find(slot)->full);
}

TEST_CASE("a process that is killed in the middle of a change has made all of it, or nothing") {
    OnDisk disk;
    const auto first = disk.put("A00001L8", slot);
    const auto second = disk.put("A00002L8", next);
    for (unsigned round = 0; round < 20; ++round) {
        const auto before = disk.look().inventory.generation;
        const auto child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            const auto swapped = [](const LibrarySnapshot& there, Inventory& inventory) {
                move(there, {slot, next, slot}, inventory);
                return Result<void>();
            };
            while (disk.library->change(swapped)) {
            }
            ::_exit(1);
        }
        ::usleep(1000 + 700 * round);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        const auto after = disk.look();
        CHECK(after.problems.empty());
        // Each exchange swaps the two.
        const bool changed_sides = after.find(slot)->cartridge == second;
        const auto exchanges = after.inventory.generation - 4;
        CHECK(changed_sides == (exchanges % 2 != 0));
        CHECK(after.find(next)->cartridge == (changed_sides ? first : second));
        CHECK(after.inventory.generation >= before);
    }
}

TEST_CASE("a look that finds the same generation does not look at cartridges again") {
    OnDisk disk;
    const auto name = disk.put("A00001L8", slot);
    const auto known = disk.look();
    fs::remove_all(disk.library->cartridge_path(name));
    CHECK_FALSE(disk.library->look(&known)->find(slot)->damaged);
    CHECK(disk.library->look()->find(slot)->damaged);
}

TEST_CASE("who has a cartridge keeps its barcode from being changed") {
    OnDisk disk;
    const auto name = disk.put("A00001L8", slot);
    {
        const auto drive_has_it = Cartridge::open(disk.library->cartridge_path(name), Cartridge::Use::drive);
        REQUIRE(drive_has_it);
        CHECK(disk.library->in_use(name));
        CHECK(disk.library->set_barcode(name, "N00001L8").error().number == EBUSY);
    }
    CHECK_FALSE(disk.library->in_use(name));
}

TEST_CASE("removal is prevented as long as somebody prevents it") {
    OnDisk disk;
    CHECK_FALSE(disk.library->removal_prevented());
    std::optional<LibraryDirectory::Prevention> first(disk.path()), second(disk.path());
    CHECK(disk.library->removal_prevented());
    first.reset();
    CHECK(disk.library->removal_prevented());
    second.reset();
    CHECK_FALSE(disk.library->removal_prevented());
}
