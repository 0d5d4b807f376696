// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

TEST_CASE("LOG SENSE: which pages there are") {
    Changer changer;
    CHECK(changer.read({0x4d, 0, 0x40, 0, 0, 0, 0, 0, 64, 0}) == bytes({0x00, 0, 0, 3, 0x00, 0x0d, 0x2e}));
}

TEST_CASE("LOG SENSE: a temperature that nobody knows") {
    Changer changer;
    CHECK(changer.read({0x4d, 0, 0x4d, 0, 0, 0, 0, 0, 64, 0}) ==
          bytes({0x0d, 0, 0, 12, 0, 0, 0x03, 2, 0, 0xff, 0, 1, 0x03, 2, 0, 0xff}));
}

TEST_CASE("LOG SENSE: 64 flags of TapeAlert, none of them set") {
    Changer changer;
    const auto all = changer.read({0x4d, 0, 0x6e, 0, 0, 0, 0, 0x10, 0, 0});
    REQUIRE(all.size() == 4 + 64 * 5);
    CHECK(Bytes(all.begin(), all.begin() + 9) == bytes({0x2e, 0, 0x01, 0x40, 0, 1, 0x03, 1, 0}));
    // From a parameter on.
    CHECK(changer.read({0x4d, 0, 0x6e, 0, 0, 0, 64, 0x10, 0, 0}) ==
          bytes({0x2e, 0, 0, 5, 0, 64, 0x03, 1, 0}));
}

TEST_CASE("LOG SENSE: pages, subpages and parameters that do not exist; saving") {
    Changer changer;
    const auto ask = [&](std::initializer_list<unsigned> cdb) {
        return changer.send(cdb, filled(64, 0)).sense;
    };
    CHECK(ask({0x4d, 0, 0x42, 0, 0, 0, 0, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb(2, 5));
    CHECK(ask({0x4d, 0, 0x40, 1, 0, 0, 0, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb_byte(3));
    CHECK(ask({0x4d, 0, 0x6e, 0, 0, 0, 65, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb_byte(5));
    CHECK(ask({0x4d, 1, 0x40, 0, 0, 0, 0, 0, 64, 0}) == sense::invalid_field_in_cdb.in_cdb(1, 0));
}
