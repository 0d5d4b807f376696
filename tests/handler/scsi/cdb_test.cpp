// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/cdb.hpp"

#include <vector>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::scsi;

namespace {

std::vector<std::byte> cdb(std::initializer_list<unsigned> values) {
    std::vector<std::byte> bytes;
    for (const auto value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

}  // namespace

TEST_CASE("six-byte commands have 21 bits of address, and 0 means 256 blocks") {
    const auto address = block_address(cdb({0x08, 0xff, 0xff, 0xfe, 0x00, 0x00}));
    CHECK(raw(address.lba) == 0x1ffffe);
    CHECK(raw(address.count) == 256);
    CHECK(raw(block_address(cdb({0x08, 0, 0, 1, 7, 0})).count) == 7);
}

TEST_CASE("in longer commands 0 means nothing") {
    CHECK(raw(block_address(cdb({0x28, 0, 0, 0, 0, 1, 0, 0, 0, 0})).count) == 0);
}

TEST_CASE("each length has its fields where SBC-3 puts them") {
    const auto ten = block_address(cdb({0x28, 0, 0x80, 1, 2, 3, 0, 0x12, 0x34, 0}));
    CHECK(raw(ten.lba) == 0x80010203);
    CHECK(raw(ten.count) == 0x1234);
    const auto twelve = block_address(cdb({0xa8, 0, 0, 1, 2, 3, 0x80, 0, 0x12, 0x34, 0, 0}));
    CHECK(raw(twelve.lba) == 0x010203);
    CHECK(raw(twelve.count) == 0x80001234);
    const auto sixteen = block_address(cdb({0x88, 0, 0xff, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2, 0, 0}));
    CHECK(raw(sixteen.lba) == 0xff00000000000001);
    CHECK(raw(sixteen.count) == 0xff000002);
}

TEST_CASE("six-byte commands have no FUA") {
    CHECK(force_unit_access(cdb({0x2a, 0x08, 0, 0, 0, 0, 0, 0, 0, 0})));
    CHECK_FALSE(force_unit_access(cdb({0x2a, 0x10, 0, 0, 0, 0, 0, 0, 0, 0})));
    CHECK_FALSE(force_unit_access(cdb({0x0a, 0x08, 0, 0, 0, 0})));
}
