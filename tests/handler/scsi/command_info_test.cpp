// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/command_info.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/scsi/support.hpp"

using namespace tcmud::scsi;
using tcmud::test::bytes;

namespace {

constexpr CommandInfo read_10{Opcode::read_10,
                              no_service_action,
                              10,
                              "READ(10)",
                              {0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff, 0x04}};
constexpr CommandInfo test_unit_ready{
    Opcode::test_unit_ready, no_service_action, 6, "TEST UNIT READY", {0x00, 0, 0, 0, 0, 0x04}};

}  // namespace

TEST_CASE("an opcode's group tells the length of its CDB") {
    CHECK(fixed_cdb_length(0x00) == 6);
    CHECK(fixed_cdb_length(0x1f) == 6);
    CHECK(fixed_cdb_length(0x20) == 10);
    CHECK(fixed_cdb_length(0x5f) == 10);
    CHECK(fixed_cdb_length(0x7f) == 0);
    CHECK(fixed_cdb_length(0x80) == 16);
    CHECK(fixed_cdb_length(0x9f) == 16);
    CHECK(fixed_cdb_length(0xa0) == 12);
    CHECK(fixed_cdb_length(0xbf) == 12);
    CHECK(fixed_cdb_length(0xc0) == 0);
    CHECK(fixed_cdb_length(0xff) == 0);
}

TEST_CASE("a row whose parts contradict each other is not well formed") {
    CHECK(well_formed(read_10));
    CHECK(well_formed(test_unit_ready));
    auto other_opcode = read_10;
    other_opcode.usage[0] = 0x2a;
    CHECK_FALSE(well_formed(other_opcode));
    auto other_length = read_10;
    other_length.length = 12;
    CHECK_FALSE(well_formed(other_length));
    auto too_much_usage = read_10;
    too_much_usage.usage[10] = 1;
    CHECK_FALSE(well_formed(too_much_usage));
}

TEST_CASE("a CDB of bits that the command knows has no unknown one") {
    CHECK_FALSE(unknown_bit(read_10, bytes({0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
    CHECK_FALSE(unknown_bit(read_10, bytes({0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff, 0x04})));
}

TEST_CASE("the first unknown bit is pointed to, by byte and most significant bit") {
    const auto in_byte_1 = sense::invalid_field_in_cdb.in_cdb(1, 7);
    CHECK(unknown_bit(read_10, bytes({0x28, 0xe1, 0, 0, 0, 0, 0xe0, 0, 1, 0})) == in_byte_1);
    CHECK(unknown_bit(read_10, bytes({0x28, 0x19, 0, 0, 0, 0, 0xe0, 0, 1, 0})) ==
          sense::invalid_field_in_cdb.in_cdb(1, 0));
    CHECK(unknown_bit(read_10, bytes({0x28, 0x18, 0, 0, 0, 0, 0x20, 0, 1, 0})) ==
          sense::invalid_field_in_cdb.in_cdb(6, 5));
}

TEST_CASE("the vendor specific bits of the control byte are nobody's business") {
    CHECK_FALSE(unknown_bit(read_10, bytes({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0xc0})));
    CHECK_FALSE(unknown_bit(test_unit_ready, bytes({0x00, 0, 0, 0, 0, 0xc4})));
    // Those elsewhere are not vendor specific.
    CHECK(unknown_bit(test_unit_ready, bytes({0x00, 0x80, 0, 0, 0, 0})));
}

TEST_CASE("reserved bits of the control byte are refused") {
    CHECK(unknown_bit(read_10, bytes({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0xe1})) ==
          sense::invalid_field_in_cdb.in_cdb(9, 5));
    // LINK, gone since SAM-4.
    CHECK(unknown_bit(test_unit_ready, bytes({0x00, 0, 0, 0, 0, 0x01})) ==
          sense::invalid_field_in_cdb.in_cdb(5, 0));
}

TEST_CASE("a variable-length CDB has its control byte at 1") {
    CommandInfo info{Opcode::variable_length, 0x0009, 32, "READ(32)", {0x7f}};
    info.usage[7] = 0xff;
    info.usage[8] = info.usage[9] = 0xff;
    CHECK(well_formed(info));
    std::vector<std::byte> cdb(32);
    cdb[0] = std::byte{0x7f};
    cdb[1] = std::byte{0xc0};
    cdb[7] = std::byte{24};
    cdb[9] = std::byte{9};
    CHECK_FALSE(unknown_bit(info, cdb));
    cdb[31] = std::byte{0x80};
    CHECK(unknown_bit(info, cdb) == sense::invalid_field_in_cdb.in_cdb(31, 7));
}
