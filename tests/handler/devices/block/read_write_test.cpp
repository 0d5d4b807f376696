// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;
using Log = std::vector<std::string>;

TEST_CASE("READ gives what is stored, up to the last block") {
    Disk disk;
    CHECK(disk.send({0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0}, filled(1024, 0xa5)).data == disk.stored(3, 2));
    CHECK(disk.send({0x08, 0, 0, 127, 1, 0}, filled(512, 0xa5)).data == disk.stored(127, 1));
    CHECK(disk.send({0xa8, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}, filled(512, 0xa5)).data == disk.stored(1, 1));
    const auto last = disk.send({0x88, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 0, 1, 0, 0}, filled(512, 0xa5));
    CHECK(last.data == disk.stored(127, 1));
    CHECK(last.data_length == 512);
}

TEST_CASE("READ of nothing reads nothing, but not beyond the end") {
    Disk disk;
    CHECK(good(disk.send({0x28, 0, 0, 0, 0, 128, 0, 0, 0, 0})));
    CHECK(disk.send({0x28, 0, 0, 0, 0, 129, 0, 0, 0, 0}).sense == sense::lba_out_of_range);
    CHECK(disk.backend.log.empty());
}

TEST_CASE("blocks beyond the end are refused before anything is done, whatever overflows") {
    Disk disk;
    CHECK(disk.send({0x28, 0, 0, 0, 0, 127, 0, 0, 2, 0}, filled(1024, 0)).sense == sense::lba_out_of_range);
    CHECK(disk.send({0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2, 0, 0}, filled(1024, 0))
              .sense == sense::lba_out_of_range);
    CHECK(disk.send({0x2a, 0, 0, 0, 0, 127, 0, 0, 2, 0}, filled(1024, 0)).sense == sense::lba_out_of_range);
    CHECK(disk.backend.log.empty());
}

TEST_CASE("READ into a buffer that is smaller or larger than what it asks") {
    Disk disk;
    const auto small = disk.send({0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0}, filled(700, 0xa5));
    CHECK(good(small));
    CHECK(small.data_length == 700);
    auto expected = disk.stored(3, 2);
    expected.resize(700);
    CHECK(small.data == expected);
    CHECK(disk.send({0x28, 0, 0, 0, 0, 3, 0, 0, 1, 0}, filled(4096, 0xa5)).data_length == 512);
}

TEST_CASE("READ with FUA flushes what a cache may hold first") {
    Disk disk;
    CHECK(good(disk.send({0x28, 0x08, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0))));
    CHECK(disk.backend.log == Log{"flush", "read 0 512"});
}

TEST_CASE("WRITE stores what was sent; FUA and a disabled cache make it stable before GOOD") {
    Disk disk;
    CHECK(good(disk.send({0x2a, 0, 0, 0, 0, 5, 0, 0, 2, 0}, filled(1024, 0xee))));
    CHECK(disk.stored(5, 2) == filled(1024, 0xee));
    CHECK(good(disk.send({0x2a, 0x08, 0, 0, 0, 5, 0, 0, 1, 0}, filled(512, 0xdd))));
    disk.device->set_write_cache(false);
    disk.send({0x00, 0, 0, 0, 0, 0});  // Tells that mode parameters changed.
    disk.backend.log.clear();
    CHECK(good(disk.send({0x0a, 0, 0, 5, 1, 0}, filled(512, 0xcc))));
    CHECK(disk.backend.log == Log{"stable write 2560 512"});
}

TEST_CASE("WRITE with less data than it announces writes nothing") {
    Disk disk;
    const auto answer = disk.send({0x2a, 0, 0, 0, 0, 5, 0, 0, 2, 0}, filled(1000, 0xee));
    CHECK(answer.sense == sense::invalid_field_in_information_unit);
    CHECK(disk.backend.log.empty());
}

TEST_CASE("WRITE takes as much as it announces, and no more") {
    Disk disk;
    CHECK(good(disk.send({0x2a, 0, 0, 0, 0, 5, 0, 0, 1, 0}, filled(1024, 0xee))));
    CHECK(disk.stored(5, 1) == filled(512, 0xee));
    CHECK(disk.stored(6, 1) == filled(512, 6));
}

TEST_CASE("errors of the medium are told with the block that failed") {
    Disk disk;
    disk.backend.fail_next = IoResult{IoStatus::io_error, 0, 1024};
    CHECK(disk.send({0x28, 0, 0, 0, 0, 3, 0, 0, 4, 0}, filled(2048, 0)).sense ==
          sense::unrecovered_read_error.with_information(5));
    disk.backend.fail_next = IoResult{IoStatus::io_error, 0, 512};
    CHECK(disk.send({0x2a, 0, 0, 0, 0, 3, 0, 0, 4, 0}, filled(2048, 0)).sense ==
          sense::write_error.with_information(4));
    disk.backend.fail_next = IoResult{IoStatus::no_space, 0, 0};
    CHECK(disk.send({0x2a, 0, 0, 0, 0, 3, 0, 0, 1, 0}, filled(512, 0)).sense.asc == 0x27);
}

TEST_CASE("a medium that ended early is an error, never zeros") {
    Disk disk;
    disk.backend.fail_next = IoResult{IoStatus::ok, 512, 0};
    const auto answer = disk.send({0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0}, filled(1024, 0));
    CHECK(answer.sense == sense::unrecovered_read_error.with_information(4));
}

TEST_CASE("a read-only medium refuses every change") {
    Disk disk(BlockTraits{.read_only = true});
    CHECK(disk.send({0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0)).sense == sense::write_protected);
    CHECK(good(disk.send({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0))));
}
