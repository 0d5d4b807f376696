// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "handler/devices/block/limits.hpp"
#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

Bytes page(Disk& disk, unsigned code) {
    const auto answer = disk.send({0x12, 1, code, 1, 0, 0}, filled(256, 0xa5));
    REQUIRE(good(answer));
    REQUIRE(scsi::get_16(answer.data, 2) + 4u == answer.data_length);
    return {answer.data.begin(), answer.data.begin() + static_cast<std::ptrdiff_t>(answer.data_length)};
}

}  // namespace

TEST_CASE("every page of the list is there") {
    Disk disk;
    const auto list = page(disk, 0x00);
    CHECK(list.size() == 4 + 7);
    for (std::size_t i = 4; i < list.size(); ++i)
        CHECK(scsi::get_8(page(disk, scsi::get_8(list, i)), 1) == scsi::get_8(list, i));
}

TEST_CASE("block limits are those that commands keep") {
    Disk disk(MemoryBackend({}).offered, {.largest_transfer = ByteCount{1 << 20}});
    const auto limits = page(disk, 0xb0);
    CHECK(limits.size() == 64);
    CHECK(scsi::get_8(limits, 5) == devices::compare_and_write_blocks);
    CHECK(scsi::get_32(limits, 8) == (1u << 20) / 512);
    CHECK(scsi::get_32(limits, 20) == devices::unmap_blocks);
    CHECK(scsi::get_32(limits, 24) == devices::unmap_descriptors);
}

TEST_CASE("without thin provisioning no limits of UNMAP are told") {
    Disk disk(BlockTraits{});
    CHECK(scsi::get_32(page(disk, 0xb0), 24) == 0);
    CHECK((scsi::get_8(page(disk, 0xb2), 5) & 0x80) == 0);
}

TEST_CASE("whether it rotates is told") {
    Disk flash(BlockTraits{.rotational = false});
    CHECK(scsi::get_16(page(flash, 0xb1), 4) == 1);
    Disk rotating(BlockTraits{.rotational = true});
    CHECK(scsi::get_16(page(rotating, 0xb1), 4) != 1);
}
