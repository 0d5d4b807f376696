// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/loaded.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

TapeResult set(Loaded& drive, std::uint32_t partition, std::vector<TapeAttribute> attributes) {
    return drive.wait([&](TapeResult& result, Completion done) {
        drive->set_attributes(partition, std::move(attributes), result, std::move(done));
    });
}

}  // namespace

TEST_CASE("tape: partitions are apart from each other") {
    const TestCartridge cartridge;
    {
        Loaded drive(cartridge.path());
        drive.write(block(500, 1));
        CHECK(drive.format({ByteCount{10 << 20}, ByteCount{0}}).status == TapeStatus::ok);
        CHECK(drive->position() == TapePosition{0, 0, 0});
        REQUIRE(drive->medium()->partitions.size() == 2);
        CHECK(raw(drive->medium()->partitions[1].capacity) == 90 << 20);
        CHECK(drive.read().result.status == TapeStatus::end_of_data);
        drive.write(block(500, 2));
        drive.locate(1, 0);
        drive.write(block(500, 3));
        drive.write(block(500, 4));
        CHECK(drive->position() == TapePosition{1, 2, 0});
    }
    Loaded drive(cartridge.path());
    CHECK(drive.read().data == block(500, 2));
    CHECK(drive.locate(1, 1).status == TapeStatus::ok);
    CHECK(drive.read().data == block(500, 4));
    CHECK(drive.format({ByteCount{90 << 20}, ByteCount{90 << 20}}).status == TapeStatus::unsupported);
    CHECK(drive->medium()->partitions.size() == 2);
}

TEST_CASE("tape: a capacity is set in parts of what the cartridge has") {
    const TestCartridge cartridge;
    Loaded drive(cartridge.path());
    const auto set_capacity = [&](std::uint16_t part) {
        return drive.wait(
            [&](TapeResult& result, Completion done) { drive->set_capacity(part, result, std::move(done)); });
    };
    CHECK(set_capacity(32768).status == TapeStatus::ok);
    CHECK(raw(drive->medium()->partitions[0].capacity) == (std::uint64_t{100} << 20) * 32768 / 65535);
    CHECK(set_capacity(65535).status == TapeStatus::ok);
    CHECK(raw(drive->medium()->partitions[0].capacity) == 100 << 20);
    CHECK(set_capacity(0).status == TapeStatus::ok);
    CHECK(raw(drive->medium()->partitions[0].capacity) == 1 << 20);
}

TEST_CASE("tape: attributes of hosts are kept, replaced and removed") {
    const TestCartridge cartridge;
    {
        Loaded drive(cartridge.path());
        CHECK(set(drive, 0, {{0x0801, 1, block(4, 1)}, {0x0400, 0, block(2, 2)}}).status == TapeStatus::ok);
        CHECK(set(drive, 0, {{0x0801, 1, block(3, 3)}, {0x0820, 0, block(5, 5)}}).status == TapeStatus::ok);
        CHECK(set(drive, 1, {{0x0801, 1, block(3, 3)}}).status == TapeStatus::unsupported);
    }
    Loaded drive(cartridge.path());
    CHECK(drive->attributes(0) == std::vector<TapeAttribute>{{0x0400, 0, block(2, 2)},
                                                             {0x0801, 1, block(3, 3)},
                                                             {0x0820, 0, block(5, 5)}});
    set(drive, 0, {{0x0801, 1, {}}, {0x0900, 1, {}}});
    CHECK(drive->attributes(0).size() == 2);
    CHECK(drive->attributes(7).empty());
}
