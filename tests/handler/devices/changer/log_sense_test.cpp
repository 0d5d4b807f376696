// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

TEST_CASE("LOG SENSE: which pages there are") {
    Changer changer;
    CHECK(changer.read({0x4d, 0, 0x40, 0, 0, 0, 0, 0, 64, 0}) == bytes({0x00, 0, 0, 3, 0x00, 0x0d, 0x2e}));
}

TEST_CASE("LOG SENSE: a temperature that nobody knows") {
    Changer changer;
    CHECK(changer.read({0x4d, 0, 0x4d, 0, 0, 0, 0, 0, 64, 0}) ==
          bytes({0x0d, 0, 0, 12, 0, 0, 0x03, 2, 0, 0xff, 0, 1, 0x03, 2, 0, 0xff}));
}

TEST_CASE("LOG SENSE: 64 flags of TapeAlert, none of them set") {
    Changer changer;
    const auto all = changer.read({0x4d, 0, 0x6e, 0, 0, 0, 0, 0x10, 0, 0});
    REQUIRE(all.size() == 4 + 64 * 5);
    CHECK(Bytes(all.begin(), all.begin() + 9) == bytes({0x2e, 0, 0x01, 0x40, 0, 1, 0x03, 1, 0}));
    // From a parameter on.
    CHECK(changer.read({0x4d, 0, 0x6e, 0, 0, 0, 64, 0x10, 0, 0}) ==
          bytes({0x2e, 0, 0, 5, 0, 64, 0x03, 1, 0}));
}

namespace {

// The flags that are set, by number.
std::vector<unsigned> raised_alerts(Changer& changer) {
    while (changer.device->attentions().take()) continue;
    const auto page = changer.read({0x4d, 0, 0x6e, 0, 0, 0, 0, 0x10, 0, 0});
    std::vector<unsigned> flags;
    for (unsigned flag = 1; flag <= 64; ++flag)
        if (page[4 + (flag - 1) * 5 + 4] != std::byte{0}) flags.push_back(flag);
    return flags;
}

}  // namespace

TEST_CASE("LOG SENSE: a move that the store failed is TapeAlert 4, until it was read") {
    Changer changer;
    changer.backend.fail_next = MoveStatus::io_error;
    changer.move(MemoryChanger::slot, MemoryChanger::drive);
    // Who asks for the length alone has not read it; nor who asks for others.
    changer.read({0x4d, 0, 0x6e, 0, 0, 0, 0, 0, 4, 0});
    changer.read({0x4d, 0, 0x6e, 0, 0, 0, 5, 0x10, 0, 0});
    CHECK(raised_alerts(changer) == std::vector<unsigned>{4});
    CHECK(raised_alerts(changer).empty());
    SECTION("what was refused is none") {
        changer.backend.fail_next = MoveStatus::damaged;
        changer.move(MemoryChanger::slot, MemoryChanger::drive);
        changer.move(MemoryChanger::slot + 3, MemoryChanger::drive);
        CHECK(raised_alerts(changer).empty());
    }
}

TEST_CASE(
    "LOG SENSE: a cartridge that is missing or damaged is TapeAlert 24, at the start and after changes") {
    Changer changer;
    changer.backend.at(MemoryChanger::slot).damaged = true;
    changer.device->inventory_changed();
    CHECK(raised_alerts(changer) == std::vector<unsigned>{24});
    changer.device->import_export_accessed();
    CHECK(raised_alerts(changer) == std::vector<unsigned>{24});
    changer.restart();
    CHECK(raised_alerts(changer) == std::vector<unsigned>{24});
    changer.backend.at(MemoryChanger::slot).damaged = false;
    changer.device->inventory_changed();
    CHECK(raised_alerts(changer).empty());
}

TEST_CASE("LOG SENSE: pages, subpages and parameters that do not exist; saving") {
    Changer changer;
    const auto ask = [&](std::initializer_list<unsigned> cdb) {
        return changer.send(cdb, filled(64, 0)).sense;
    };
    CHECK(ask({0x4d, 0, 0x42, 0, 0, 0, 0, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb(2, 5));
    CHECK(ask({0x4d, 0, 0x40, 1, 0, 0, 0, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb_byte(3));
    CHECK(ask({0x4d, 0, 0x6e, 0, 0, 0, 65, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb_byte(5));
    CHECK(ask({0x4d, 1, 0x40, 0, 0, 0, 0, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb(1, 0));
}
