// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

TEST_CASE("VERIFY reads the blocks that it checks") {
    Disk disk;
    CHECK(good(disk.send({0x2f, 0, 0, 0, 0, 0, 0, 0, 128, 0})));
    CHECK_FALSE(disk.backend.log.empty());
    disk.backend.fail_next = IoResult{IoStatus::io_error, 0, 0};
    CHECK(disk.send({0x2f, 0, 0, 0, 0, 9, 0, 0, 1, 0}).sense ==
          sense::unrecovered_read_error.with_information(9));
    CHECK(disk.send({0x2f, 0, 0, 0, 0, 127, 0, 0, 2, 0}).sense == sense::lba_out_of_range);
}

TEST_CASE("VERIFY with BYTCHK 01b compares, and tells the first byte that differs") {
    Disk disk;
    auto data = disk.stored(4, 2);
    CHECK(good(disk.send({0x2f, 0x02, 0, 0, 0, 4, 0, 0, 2, 0}, data)));
    data[700] ^= std::byte{1};
    CHECK(disk.send({0x2f, 0x02, 0, 0, 0, 4, 0, 0, 2, 0}, data).sense ==
          sense::miscompare_during_verify.with_information(700));
}

TEST_CASE("VERIFY with BYTCHK 11b compares each block with the one that was sent") {
    Disk disk;
    REQUIRE(good(disk.send({0x2a, 0, 0, 0, 0, 0, 0, 0, 4, 0}, filled(2048, 7))));
    CHECK(good(disk.send({0x2f, 0x06, 0, 0, 0, 0, 0, 0, 4, 0}, filled(512, 7))));
    CHECK(disk.send({0x2f, 0x06, 0, 0, 0, 3, 0, 0, 2, 0}, filled(512, 7)).sense.key ==
          scsi::SenseKey::miscompare);
}

TEST_CASE("VERIFY with BYTCHK 10b is refused") {
    Disk disk;
    CHECK(disk.send({0x2f, 0x04, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0)).sense.asc == 0x24);
}

TEST_CASE("VERIFY with less data than it compares is refused") {
    Disk disk;
    CHECK(disk.send({0x2f, 0x02, 0, 0, 0, 4, 0, 0, 2, 0}, filled(512, 4)).sense ==
          sense::invalid_field_in_information_unit);
}

TEST_CASE("WRITE AND VERIFY writes stably, then reads back") {
    Disk disk;
    CHECK(good(disk.send({0x2e, 0x02, 0, 0, 0, 4, 0, 0, 1, 0}, filled(512, 0xee))));
    CHECK(disk.stored(4, 1) == filled(512, 0xee));
    REQUIRE(disk.backend.log.size() == 2);
    CHECK(disk.backend.log[0] == "stable write 2048 512");
    CHECK(disk.backend.log[1] == "read 2048 512");
}
