// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("READ CAPACITY(10) tells the last block and the block size") {
    Disk disk;
    const auto answer = disk.send({0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}, filled(8, 0));
    REQUIRE(good(answer));
    CHECK(scsi::get_32(answer.data, 0) == 127);
    CHECK(scsi::get_32(answer.data, 4) == 512);
}

TEST_CASE("READ CAPACITY(16) tells thin provisioning only where it is true") {
    for (const bool thin : {false, true}) {
        Disk disk({.unmap = thin, .unmap_reads_zero = thin, .physical_block = ByteCount{4096}});
        const auto answer =
            disk.send({0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0}, filled(32, 0xa5));
        REQUIRE(good(answer));
        CHECK(scsi::get_64(answer.data, 0) == 127);
        CHECK(scsi::get_32(answer.data, 8) == 512);
        CHECK((scsi::get_8(answer.data, 13) & 0x0f) == 3);
        CHECK((scsi::get_8(answer.data, 14) & 0xc0) == (thin ? 0xc0 : 0));
    }
}

TEST_CASE("READ CAPACITY(16): the ALLOCATION LENGTH cuts") {
    Disk disk;
    CHECK(disk.send({0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0}, filled(32, 0)).data_length ==
          12);
}

TEST_CASE("a new size is told by a unit attention, and by READ CAPACITY") {
    Disk disk;
    REQUIRE(disk.backend.resize(ByteCount{64 * 512}));
    disk.device->capacity_changed();
    CHECK(disk.send({0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}, filled(8, 0)).sense ==
          scsi::sense::capacity_data_changed);
    CHECK(scsi::get_32(disk.send({0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}, filled(8, 0)).data, 0) == 63);
}
