// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/loaded.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

std::string first_segment(const TestCartridge& cartridge) {
    return cartridge.path() + "/p0/00000000.seg";
}

void damage(const TestCartridge& cartridge, std::size_t at) {
    auto bytes = content(first_segment(cartridge));
    bytes[tape::segment_header_size + at] ^= std::byte{1};
    set_content(first_segment(cartridge), bytes);
}

}  // namespace

TEST_CASE("tape: as much of a block is read as there is room for, and its length is told") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    drive.write(block(1000, 1));
    drive.write(block(2000, 2));
    drive.locate(0, 0);
    const auto shorter = drive.read(5000);
    CHECK(shorter.result.bytes == 1000);
    CHECK(shorter.result.block_length == 1000);
    CHECK(shorter.data == block(1000, 1));
    const auto longer = drive.read(300);
    CHECK(longer.result.status == TapeStatus::ok);
    CHECK(longer.result.bytes == 300);
    CHECK(longer.result.block_length == 2000);
    auto beginning = block(2000, 2);
    beginning.resize(300);
    CHECK(longer.data == beginning);
    CHECK(drive->position().object == 2);
}

TEST_CASE("tape: blocks of any length are read after any motion") {
    const TestCartridge cartridge;
    {
        Loaded drive(cartridge.path());
        for (unsigned i = 0; i < 300; ++i) drive.write(block(100 + i % 7, i));
    }
    Loaded drive(cartridge.path());
    for (const unsigned object : {299u, 0u, 150u, 151u, 63u, 64u, 65u, 200u}) {
        drive.locate(0, object);
        CAPTURE(object);
        CHECK(drive.read().data == block(100 + object % 7, object));
    }
}

TEST_CASE("tape: a block that cannot be read as it was written is told, and left behind") {
    const TestCartridge cartridge;
    {
        Loaded drive(cartridge.path());
        for (unsigned i = 0; i < 5; ++i) drive.write(block(1000 + i * 8, i));
    }
    SECTION("its data") {
        damage(cartridge, 64 + 1000 + 64 + 10);
    }
    SECTION("its header") {
        damage(cartridge, 64 + 1000 + 10);
    }
    Loaded drive(cartridge.path());
    CHECK(drive.read().data == block(1000, 0));
    const auto bad = drive.read();
    CHECK(bad.result.status == TapeStatus::corrupt);
    CHECK(bad.result.bytes == 0);
    CHECK(drive->position().object == 2);
    drive.locate(0, 0);
    const auto verified = drive.verify(5);
    CHECK(verified.status == TapeStatus::corrupt);
    CHECK(verified.done == 1);
    CHECK(drive->position().object == 2);
}

TEST_CASE("tape: verifying passes blocks, and ends at a filemark or the end") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    for (unsigned i = 0; i < 5; ++i) drive.write(block(1000, i));
    drive.filemarks();
    drive.locate(0, 1);
    const auto some = drive.verify(2);
    CHECK(some.status == TapeStatus::ok);
    CHECK(some.done == 2);
    const auto rest = drive.verify(9);
    CHECK(rest.status == TapeStatus::filemark);
    CHECK(rest.done == 2);
    CHECK(drive->position() == TapePosition{0, 6, 1});
    CHECK(drive.verify(1).status == TapeStatus::end_of_data);
}

TEST_CASE("tape: what comes next is told without moving") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    drive.write(block(1000, 1));
    drive.filemarks();
    TapeNext next;
    const auto look = [&] {
        return drive.wait(
            [&](TapeResult& result, Completion done) { drive->look_at_next(next, result, std::move(done)); });
    };
    look();
    CHECK(next.kind == TapeNext::Kind::end_of_data);
    drive.locate(0, 1);
    look();
    CHECK(next.kind == TapeNext::Kind::filemark);
    drive.locate(0, 0);
    look();
    CHECK(next.kind == TapeNext::Kind::block);
    CHECK_FALSE(next.encrypted);
    CHECK(drive->position().object == 0);
}

TEST_CASE("tape: what was read and written is counted, and kept with the cartridge") {
    const TestCartridge cartridge;
    {
        Loaded drive(cartridge.path());
        drive.write(block(2000, 1), 1000);
        drive.locate(0, 0);
        drive.read();
    }
    Loaded drive(cartridge.path());
    const auto& statistics = drive->medium()->statistics;
    CHECK(raw(statistics.written) == 2000);
    CHECK(raw(statistics.stored) == 2000);
    CHECK(raw(statistics.read) == 1000);
    CHECK(statistics.loads == 2);
    CHECK(statistics.drives[0] == "0123456789");
    CHECK(statistics.drives[1] == "0123456789");
    CHECK(statistics.drives[2].empty());
}
