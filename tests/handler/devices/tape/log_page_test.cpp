// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/tape/log_page.hpp"

#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using tcmud::devices::LogPage;
using tcmud::test::bytes;

TEST_CASE("a page is its header and its parameters, each with code, control byte and length") {
    LogPage page(0x0c);
    page.number(0x0001, 0x1234, 2).number(0x0100, 5, 4).text(0x0200, "ab", 3);
    CHECK(std::ranges::equal(page.from(0).view(), bytes({0x0c, 0,    0, 21,                     //
                                                         0x00, 0x01, 0, 2,  0x12, 0x34,         //
                                                         0x01, 0x00, 0, 4,  0,    0,    0,  5,  //
                                                         0x02, 0x00, 1, 3,  'a',  'b',  ' '})));
}

TEST_CASE("from a parameter on") {
    LogPage page(0x0c);
    page.number(0x0001, 1, 1).number(0x0100, 2, 1);
    CHECK(std::ranges::equal(page.from(2).view(), bytes({0x0c, 0, 0, 5, 0x01, 0x00, 0, 1, 2})));
    CHECK(page.reaches(0x0100));
    CHECK_FALSE(page.reaches(0x0101));
    CHECK(LogPage(1).reaches(0));
}

TEST_CASE("a list of structures") {
    scsi::Writer records;
    records.u8(7).u8(8);
    LogPage page(0x17);
    page.bytes(0x0202, records);
    CHECK(std::ranges::equal(page.from(0).view(), bytes({0x17, 0, 0, 6, 0x02, 0x02, 3, 2, 7, 8})));
}
