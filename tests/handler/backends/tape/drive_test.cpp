// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/drive.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/loaded.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("tape: a cartridge is loaded, unloaded, and taken out") {
    const TestCartridge first;
    const TestCartridge second;
    Loaded drive(first.path());
    CHECK(drive->occupied());
    REQUIRE(drive->medium());
    const auto id = drive->medium()->id;
    drive.write(block(500, 1));
    CHECK(drive.unload().status == TapeStatus::ok);
    CHECK(drive->occupied());
    CHECK(drive->medium() == nullptr);
    CHECK(drive.load().status == TapeStatus::ok);
    CHECK(drive->position() == TapePosition{0, 0, 0});
    CHECK(drive.read().data == block(500, 1));
    CHECK(drive.unload().status == TapeStatus::ok);
    drive->remove().reset();
    CHECK_FALSE(drive->occupied());
    CHECK(drive.load().status == TapeStatus::no_medium);
    CHECK(drive.unload().status == TapeStatus::no_medium);
    drive.insert(second.path());
    CHECK(drive->medium()->id != id);
    CHECK(drive.read().result.status == TapeStatus::end_of_data);
    // Nobody has the first one any more.
    Loaded other(first.path());
    CHECK(other.read().data == block(500, 1));
}

TEST_CASE("tape: what an orderly unload leaves is opened without looking for the end") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    for (unsigned i = 0; i < 10; ++i) drive.write(block(500, i));
    drive.unload();
    const auto seen = need(tape::Cartridge::open(cartridge.path(), tape::Cartridge::Use::look));
    CHECK(seen.partitions()[0].recovered().records == 0);
    CHECK(seen.partitions()[0].tail().object == 10);
}

TEST_CASE("tape: the administrator is told what is in the drive") {
    const TestCartridge cartridge({.barcode = "TEST01L8"});
    Loaded drive(cartridge.path());
    drive.write(block(500, 1));
    const auto told = need(drive->control("cartridge"));
    CHECK_THAT(told, Catch::Contains(" TEST01L8 in " + cartridge.path() + ", loaded\n"));
    CHECK_THAT(told, Catch::Contains("partition 0: 1 objects, 0 filemarks, 568 of 104857600 bytes"));
    CHECK_FALSE(drive->control("nonsense"));
}

TEST_CASE("tape: a torn end is told of whenever the cartridge comes, until it is cut off") {
    const TestCartridge cartridge({.barcode = "TEST01L8"});
    {
        Loaded drive(cartridge.path());
        drive.write(block(500, 1));
    }
    std::filesystem::path segment;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(cartridge.path())) {
        if (entry.path().extension() == ".seg") segment = entry.path();
    }
    std::ofstream(segment, std::ios::app) << std::string(1000, 'x');
    std::vector<std::string> remarks;
    const auto told = [&remarks](std::string_view remark) { remarks.emplace_back(remark); };
    const auto expected = "TEST01L8 in " + cartridge.path() +
                          ": 1000 torn bytes behind the end of partition 0 are not read; the next write cuts "
                          "them off";
    Loaded drive(cartridge.path(), {}, {{}, told});
    CHECK(remarks == std::vector<std::string>{expected});
    drive.unload();
    drive->remove().reset();
    drive.insert(cartridge.path());
    CHECK(remarks == std::vector<std::string>{expected, expected});
    drive.space_to_end();
    drive.write(block(500, 2));
    drive.unload();
    drive->remove().reset();
    drive.insert(cartridge.path());
    CHECK(remarks.size() == 2);
}
