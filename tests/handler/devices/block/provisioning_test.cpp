// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;
using Log = std::vector<std::string>;

namespace {

Answer unmap(Disk& disk, std::initializer_list<std::pair<std::uint64_t, std::uint32_t>> ranges) {
    scsi::Writer list;
    list.u16(6 + 16 * ranges.size()).u16(16 * ranges.size()).u32(0);
    for (const auto& [lba, count] : ranges) list.u64(lba).u32(count).u32(0);
    const auto data = list.view();
    return disk.send({0x42, 0, 0, 0, 0, 0, 0, 0, static_cast<unsigned>(data.size()), 0},
                     {data.begin(), data.end()});
}

}  // namespace

TEST_CASE("UNMAP gives each range back") {
    Disk disk;
    CHECK(good(unmap(disk, {{3, 2}, {100, 28}})));
    CHECK(disk.backend.log == Log{"unmap 1536 1024", "unmap 51200 14336"});
    CHECK(disk.stored(3, 2) == filled(1024, 0));
}

TEST_CASE("UNMAP checks the whole list before it does anything") {
    Disk disk;
    CHECK(unmap(disk, {{3, 2}, {127, 2}}).sense == sense::lba_out_of_range);
    CHECK(disk.backend.log.empty());
    CHECK(disk.send({0x42, 1, 0, 0, 0, 0, 0, 0, 24, 0}, filled(24, 0)).sense.asc == 0x24);
    CHECK(disk.send({0x42, 0, 0, 0, 0, 0, 0, 0, 4, 0}, filled(4, 0)).sense ==
          sense::parameter_list_length_error);
    CHECK(good(disk.send({0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
}

TEST_CASE("WRITE SAME repeats a block") {
    Disk disk;
    CHECK(good(disk.send({0x41, 0, 0, 0, 0, 10, 0, 0, 100, 0}, filled(512, 0xee))));
    CHECK(disk.stored(10, 100) == filled(51200, 0xee));
    CHECK(disk.stored(9, 1) == filled(512, 9));
    CHECK(disk.stored(110, 1) == filled(512, 110));
}

TEST_CASE("WRITE SAME of zeros lets the backend do it, with UNMAP giving space back") {
    Disk disk;
    CHECK(good(disk.send({0x41, 0x08, 0, 0, 0, 10, 0, 0, 4, 0}, filled(512, 0))));
    CHECK(disk.stored(10, 4) == filled(2048, 0));
    CHECK(disk.backend.log == Log{"zeroes, may unmap 5120 2048"});
}

TEST_CASE("WRITE SAME with UNMAP and a block that is no zeros writes it") {
    Disk disk;
    CHECK(good(disk.send({0x41, 0x08, 0, 0, 0, 10, 0, 0, 4, 0}, filled(512, 1))));
    CHECK(disk.stored(10, 4) == filled(2048, 1));
}

TEST_CASE("WRITE SAME(16) with NDOB needs no data") {
    Disk disk;
    CHECK(good(disk.send({0x93, 0x01, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 4, 0, 0})));
    CHECK(disk.stored(10, 4) == filled(2048, 0));
}

TEST_CASE("WRITE SAME of no blocks, beyond the end or without a whole block is refused") {
    Disk disk;
    CHECK(disk.send({0x41, 0, 0, 0, 0, 10, 0, 0, 0, 0}, filled(512, 0)).sense.asc == 0x24);
    CHECK(disk.send({0x41, 0, 0, 0, 0, 127, 0, 0, 2, 0}, filled(512, 0)).sense == sense::lba_out_of_range);
    CHECK_FALSE(good(disk.send({0x41, 0, 0, 0, 0, 1, 0, 0, 2, 0}, filled(511, 0))));
    CHECK(disk.backend.log.empty());
}

TEST_CASE("with the cache off, what was unmapped is stable before GOOD") {
    Disk disk({.unmap = true, .unmap_reads_zero = true}, {.write_cache = false});
    CHECK(good(unmap(disk, {{3, 2}})));
    CHECK(disk.backend.log == Log{"unmap 1536 1024", "flush"});
}
