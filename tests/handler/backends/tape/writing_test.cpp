// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/loaded.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

tape::NewCartridge with_segments_of(std::uint64_t size) {
    tape::NewCartridge what;
    what.segment_size = size;
    return what;
}

tape::NewCartridge with_capacity(std::uint64_t size) {
    tape::NewCartridge what;
    what.capacity = ByteCount{size};
    return what;
}

tape::NewCartridge once_writable() {
    tape::NewCartridge what;
    what.worm = true;
    return what;
}

}  // namespace

TEST_CASE("tape: what is written is read, block by block, filemark by filemark") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    CHECK(drive.write(block(1000, 1)).done == 1);
    CHECK(drive.write(block(70000, 2)).done == 1);
    CHECK(drive.filemarks(2).done == 2);
    CHECK(drive->position() == TapePosition{0, 4, 2});
    drive.locate(0, 0);
    CHECK(drive.read().data == block(1000, 1));
    CHECK(drive.read(100000).data == block(70000, 2));
    CHECK(drive.read().result.status == TapeStatus::filemark);
    CHECK(drive.read().result.status == TapeStatus::filemark);
    CHECK(drive.read().result.status == TapeStatus::end_of_data);
    CHECK(drive->position() == TapePosition{0, 4, 2});
}

TEST_CASE("tape: a write of many blocks stores each of them, over any number of calls and files") {
    const TestCartridge cartridge(with_segments_of(GENERATE(std::uint64_t{100000}, std::uint64_t{1} << 30)));
    const auto data = block(std::size_t{512} * 1000, 5);
    {
        Loaded drive(cartridge.path());
        const auto written = drive.write(data, 512);
        CHECK(written.status == TapeStatus::ok);
        CHECK(written.done == 1000);
        CHECK(drive.filemarks(1000).done == 1000);
    }
    Loaded drive(cartridge.path());
    for (std::size_t i = 0; i < 1000; ++i) {
        const auto read = drive.read(512);
        const auto expected = std::span(data).subspan(i * 512, 512);
        CAPTURE(i);
        REQUIRE(std::ranges::equal(read.data, expected));
    }
    CHECK(drive->medium()->partitions[0].end_of_data == TapePosition{0, 2000, 1000});
}

TEST_CASE("tape: writing in the middle makes an end there") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    for (unsigned i = 0; i < 10; ++i) drive.write(block(500, i));
    drive.filemarks();
    drive.locate(0, 4);
    CHECK(drive.write(block(600, 40)).status == TapeStatus::ok);
    CHECK(drive->medium()->partitions[0].end_of_data == TapePosition{0, 5, 0});
    drive.locate(0, 3);
    CHECK(drive.read().data == block(500, 3));
    CHECK(drive.read().data == block(600, 40));
    CHECK(drive.read().result.status == TapeStatus::end_of_data);
}

TEST_CASE("tape: a block that does not fit is not written, a filemark behind it is") {
    const TestCartridge cartridge(with_capacity(1 << 20));
    Loaded drive(cartridge.path());
    const auto written = drive.write(block(std::size_t{65536} * 20, 1), 65536);
    CHECK(written.status == TapeStatus::end_of_partition);
    CHECK(written.done == 15);
    CHECK(drive->position().object == 15);
    CHECK(drive->in_last(ByteCount{65536}));
    CHECK_FALSE(drive->in_last(ByteCount{1024}));
    CHECK(drive.write(block(65536, 1)).status == TapeStatus::end_of_partition);
    CHECK(drive.write(block(512, 1)).status == TapeStatus::ok);
    CHECK(drive.filemarks(1000).done == 1000);
    CHECK(drive.filemarks(2000).status == TapeStatus::end_of_partition);
}

TEST_CASE("tape: a write-protected cartridge is not changed") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path(), true);
    CHECK(drive->medium()->write_protected);
    CHECK(drive.write(block(512, 1)).status == TapeStatus::write_protected);
    CHECK(drive.filemarks().status == TapeStatus::write_protected);
    CHECK(drive.erase().status == TapeStatus::write_protected);
    CHECK(drive.format({ByteCount{0}}).status == TapeStatus::write_protected);
    CHECK(drive->medium()->change_reference == 0);
}

TEST_CASE("tape: WORM is written at its end of data and nowhere else") {
    const TestCartridge cartridge(once_writable());
    Loaded drive(cartridge.path());
    CHECK(drive->medium()->worm);
    CHECK(drive.write(block(512, 1)).status == TapeStatus::ok);
    drive.locate(0, 0);
    CHECK(drive.write(block(512, 2)).status == TapeStatus::worm);
    CHECK(drive.filemarks().status == TapeStatus::worm);
    CHECK(drive.erase().status == TapeStatus::worm);
    CHECK(drive.format({ByteCount{0}}).status == TapeStatus::worm);
    drive.space_to_end();
    CHECK(drive.write(block(512, 3)).status == TapeStatus::ok);
    drive.locate(0, 0);
    CHECK(drive.read().data == block(512, 1));
}

TEST_CASE("tape: of the filemarks that end WORM all but the first can be overwritten") {
    const TestCartridge cartridge(once_writable());
    Loaded drive(cartridge.path());
    CHECK(drive.write(block(512, 1)).status == TapeStatus::ok);
    CHECK(drive.filemarks(3).status == TapeStatus::ok);
    drive.locate(0, 1);
    CHECK(drive.write(block(512, 2)).status == TapeStatus::worm);
    CHECK(drive.filemarks().status == TapeStatus::worm);
    drive.locate(0, 2);
    CHECK(drive.erase().status == TapeStatus::worm);
    CHECK(drive.write(block(512, 3)).status == TapeStatus::ok);
    CHECK(drive->position() == TapePosition{0, 3, 1});
    CHECK(drive.read().result.status == TapeStatus::end_of_data);
    // Nor those that blocks follow.
    drive.locate(0, 2);
    CHECK(drive.write(block(512, 4)).status == TapeStatus::worm);
    drive.locate(0, 1);
    CHECK(drive.filemarks().status == TapeStatus::worm);
    drive.locate(0, 2);
    CHECK(drive.read().data == block(512, 3));
}

TEST_CASE("tape: filemarks alone on WORM keep the first") {
    const TestCartridge cartridge(once_writable());
    Loaded drive(cartridge.path());
    CHECK(drive.filemarks(2).status == TapeStatus::ok);
    drive.locate(0, 0);
    CHECK(drive.write(block(512, 1)).status == TapeStatus::worm);
    drive.locate(0, 1);
    CHECK(drive.write(block(512, 1)).status == TapeStatus::ok);
    CHECK(drive->position() == TapePosition{0, 2, 1});
}

TEST_CASE("tape: the first change after a load is a new one, for ever") {
    const TestCartridge cartridge;
    {
        Loaded drive(cartridge.path());
        CHECK(drive->medium()->change_reference == 0);
        CHECK(drive->medium()->written_since_load == 0);
        drive.write(block(512, 1));
        CHECK(drive->medium()->change_reference == 1);
        drive.write(block(512, 1));
        CHECK(drive->medium()->change_reference == 1);
        CHECK(drive->medium()->written_since_load == 2);
        // It was written down before the block was: a kill does not take it back.
        CHECK(need(tape::Cartridge::look_at(cartridge.path())).change_reference == 1);
        drive.unload();
        drive.load();
        CHECK(drive->medium()->written_since_load == 0);
        drive.space_to_end();
        drive.write(block(512, 1));
        CHECK(drive->medium()->change_reference == 2);
    }
    Loaded drive(cartridge.path());
    CHECK(drive->medium()->change_reference == 2);
}

TEST_CASE("tape: erasing makes the end of data where the head stands") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    for (unsigned i = 0; i < 5; ++i) drive.write(block(500, i));
    drive.locate(0, 2);
    CHECK(drive.erase().status == TapeStatus::ok);
    CHECK(drive->medium()->partitions[0].end_of_data.object == 2);
    CHECK(drive.read().result.status == TapeStatus::end_of_data);
}

TEST_CASE("tape: what was synchronized says so in the next record") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    drive.write(block(500, 1));
    CHECK(drive.synchronize().status == TapeStatus::ok);
    drive.write(block(500, 2));
    auto seen = need(tape::Cartridge::open(cartridge.path(), tape::Cartridge::Use::look));
    Bytes stored;
    CHECK(need(seen.partitions()[0].fetch(1, stored)).synchronized == 1);
}

TEST_CASE("tape: a long stream is pushed to the store on its way") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    const auto data = block(std::size_t{1} << 20, 3);
    for (int i = 0; i < 40; ++i) REQUIRE(drive.write(data, 65536).done == 16);
    drive.locate(0, 639);
    CHECK(drive.read().result.bytes == 65536);
}
