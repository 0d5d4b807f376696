// SPDX-License-Identifier: Apache-2.0
// FORMAT MEDIUM, SET CAPACITY, ALLOW OVERWRITE and REPORT DENSITY SUPPORT.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

Answer format(Tape& tape, unsigned how) {
    return tape.send({0x04, 0, how, 0, 0, 0});
}
// The medium partition page: IDP, sizes in 10^3 bytes.
Answer select_sizes(Tape& tape, std::initializer_list<unsigned> sizes) {
    auto page = bytes({0, 0, 0x10, 0, 0x11, 0x0e, 3, static_cast<unsigned>(sizes.size() - 1), 0x2c, 3, 9, 0});
    for (const auto size : sizes) {
        page.push_back(static_cast<std::byte>(size >> 8));
        page.push_back(static_cast<std::byte>(size & 0xff));
    }
    page.resize(4 + 16);
    return tape.send({0x15, 0x10, 0, 0, 20, 0}, page);
}
Answer append_only(Tape& tape) {
    auto page = bytes({0, 0, 0x10, 0, 0x50, 0x01, 0, 0x1c, 0, 0x10});
    page.resize(4 + 4 + 0x1c);
    return tape.send({0x15, 0x10, 0, 0, 36, 0}, page);
}

}  // namespace

TEST_CASE("FORMAT MEDIUM makes the partitions that the mode page asks for, as mt mkpartition does it") {
    Tape tape;
    tape.write(10);
    tape.rewind();
    REQUIRE(good(select_sizes(tape, {300, 0xffff})));
    CHECK(good(format(tape, 1)));
    REQUIRE(tape.cartridge.partitions.size() == 2);
    CHECK(tape.cartridge.partitions[0].capacity == 300'000);
    CHECK(tape.cartridge.partitions[1].capacity == 700'000);
    CHECK(tape.cartridge.partitions[0].objects.empty());
    CHECK(good(format(tape, 0)));
    CHECK(tape.cartridge.partitions.size() == 1);
}

TEST_CASE("FORMAT MEDIUM without sizes of the initiator's makes equal parts (SDP)") {
    Tape tape;
    auto page = bytes({0, 0, 0x10, 0, 0x11, 0x0e, 3, 3, 0x5c, 3, 9, 0});
    page.resize(4 + 16);
    REQUIRE(good(tape.send({0x15, 0x10, 0, 0, 20, 0}, page)));
    CHECK(good(format(tape, 2)));
    REQUIRE(tape.cartridge.partitions.size() == 4);
    CHECK(tape.cartridge.partitions[3].capacity == 250'000);
}

TEST_CASE("FORMAT MEDIUM only at the beginning, and not of what must not be lost") {
    Tape tape;
    tape.write(10);
    CHECK(format(tape, 0).sense == sense::position_not_at_beginning);
    tape.rewind();
    CHECK(format(tape, 3).sense == sense::invalid_field_in_cdb.in_cdb(2, 3));
    tape.cartridge.write_protected = true;
    CHECK(format(tape, 0).sense == sense::write_protected);
    tape.cartridge.write_protected = false;
    tape.cartridge.worm = true;
    CHECK(format(tape, 0).sense == sense::worm_overwrite_attempted);
    CHECK(tape.cartridge.partitions[0].objects.size() == 1);
}

TEST_CASE("SET CAPACITY leaves a part of the medium, in 65535ths") {
    Tape tape;
    CHECK(good(tape.send({0x0b, 0, 0, 0x80, 0x00, 0})));
    CHECK(tape.cartridge.partitions[0].capacity == 1'000'000ull * 0x8000 / 0xffff);
    tape.write(10);
    CHECK(tape.send({0x0b, 0, 0, 0xff, 0xff, 0}).sense == sense::position_not_at_beginning);
}

TEST_CASE("ALLOW OVERWRITE opens one position of append-only mode, for one write") {
    Tape tape;
    for (unsigned i = 0; i < 4; ++i) tape.write(10, i);
    REQUIRE(good(append_only(tape)));
    tape.space(0, -2);
    CHECK(tape.write(10).sense == sense::worm_overwrite_attempted);
    // Of another position than where the head stands.
    CHECK(tape.send({0x82, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}).sense.asc == 0x24);
    CHECK(good(tape.send({0x82, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0})));
    CHECK(good(tape.write(10)));
    tape.rewind();
    CHECK(tape.write(10).sense == sense::worm_overwrite_attempted);
    CHECK(format(tape, 0).sense == sense::worm_overwrite_attempted);
    CHECK(good(tape.send({0x82, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
    CHECK(good(format(tape, 0)));
}

TEST_CASE("REPORT DENSITY SUPPORT tells what the drive reads, and what it writes") {
    Tape tape({}, "lto-7");
    const auto answer = tape.send({0x44, 0, 0, 0, 0, 0, 0, 1, 0, 0}, filled(256, 0xee));
    REQUIRE(good(answer));
    CHECK(answer.data_length == 4 + 3 * 52);
    CHECK(scsi::get_16(answer.data, 0) == 2 + 3 * 52);
    // LTO-5 is read only; LTO-6 is written; LTO-7 is the default.
    CHECK(answer.data[4] == std::byte{0x58});
    CHECK(answer.data[6] == std::byte{0x00});
    CHECK(answer.data[4 + 52] == std::byte{0x5a});
    CHECK(answer.data[6 + 52] == std::byte{0x80});
    CHECK(answer.data[6 + 104] == std::byte{0xa0});
    CHECK(scsi::get_32(answer.data, 4 + 104 + 12) == 6'000'000);
    CHECK(std::string(reinterpret_cast<const char*>(answer.data.data()) + 4 + 104 + 16, 16) ==
          "LTO-CVE U-732   ");
}

TEST_CASE("REPORT DENSITY SUPPORT of the medium (MEDIA)") {
    Tape tape;
    const auto answer = tape.send({0x44, 1, 0, 0, 0, 0, 0, 1, 0, 0}, filled(256, 0xee));
    CHECK(answer.data_length == 4 + 52);
    CHECK(answer.data[4] == std::byte{0x5e});
    tape.send({0x1b, 0, 0, 0, 0, 0});
    CHECK(tape.send({0x44, 1, 0, 0, 0, 0, 0, 1, 0, 0}, filled(256, 0)).sense == sense::medium_not_present);
}
