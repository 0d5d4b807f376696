// SPDX-License-Identifier: Apache-2.0
// LOG SENSE and LOG SELECT: what a drive has counted.
#include <map>

#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

Answer log_sense(Tape& tape, unsigned page, unsigned pointer = 0) {
    // PC 01b: cumulative values.
    return tape.send(bytes({0x4d, 0, 0x40 | page, 0, 0, pointer >> 8, pointer & 0xff, 0x10, 0, 0}),
                     filled(0x1000, 0xee));
}
std::map<unsigned, Bytes> parameters(Tape& tape, unsigned page) {
    const auto answer = log_sense(tape, page);
    REQUIRE(good(answer));
    REQUIRE(answer.data[0] == static_cast<std::byte>(page));
    REQUIRE(scsi::get_16(answer.data, 2) == answer.data_length - 4);
    std::map<unsigned, Bytes> found;
    for (std::size_t at = 4; at < answer.data_length;) {
        const auto length = scsi::get_8(answer.data, at + 3);
        const auto begin = answer.data.begin() + static_cast<std::ptrdiff_t>(at) + 4;
        found[scsi::get_16(answer.data, at)] = {begin, begin + length};
        at += 4u + length;
    }
    return found;
}
std::uint64_t counted(const Bytes& value) {
    std::uint64_t sum = 0;
    for (const auto byte : value) sum = sum << 8 | std::to_integer<std::uint64_t>(byte);
    return sum;
}
MemoryCartridge two_gigabytes() {
    MemoryCartridge cartridge;
    cartridge.capacity = 2'000'000'000;
    cartridge.format({500'000'000, 0});
    return cartridge;
}

}  // namespace

TEST_CASE("page 00h lists all pages, and each of them is answered, with and without a medium") {
    Tape tape;
    const auto list = log_sense(tape, 0);
    CHECK(Bytes(list.data.begin(), list.data.begin() + 18) ==
          bytes({0, 0, 0, 14, 0x00, 0x02, 0x03, 0x0c, 0x0d, 0x11, 0x12, 0x14, 0x17, 0x1b, 0x2e, 0x30, 0x31,
                 0x32}));
    for (const bool loaded : {true, false}) {
        if (!loaded) tape.send({0x1b, 0, 0, 0, 0, 0});
        for (std::size_t i = 5; i < 18; ++i) parameters(tape, std::to_integer<unsigned>(list.data[i]));
    }
}

TEST_CASE("pages, subpages and parameters that do not exist; nothing can be saved (SP)") {
    Tape tape;
    CHECK(log_sense(tape, 0x05).sense == sense::invalid_field_in_cdb.in_cdb(2, 5));
    CHECK(tape.send({0x4d, 0, 0x4c, 1, 0, 0, 0, 0, 255, 0}, filled(255, 0)).sense ==
          sense::invalid_field_in_cdb.in_cdb_byte(3));
    CHECK(log_sense(tape, 0x0c, 0x0101).sense == sense::invalid_field_in_cdb.in_cdb_byte(5));
    CHECK(tape.send({0x4d, 1, 0x4c, 0, 0, 0, 0, 0, 255, 0}, filled(255, 0)).sense ==
          sense::invalid_field_in_cdb.in_cdb(1, 0));
}

TEST_CASE("page 0Ch counts bytes since the load, and tells where the end of data and the head are") {
    Tape tape(two_gigabytes());
    tape.write(3'000'000);
    tape.write(4'000'000);
    tape.rewind();
    tape.read(3'000'000);
    const auto found = parameters(tape, 0x0c);
    CHECK(counted(found.at(0x0000)) == 7'000'000);
    CHECK(counted(found.at(0x0003)) == 3'000'000);
    CHECK(counted(found.at(0x0004)) == 7);
    CHECK(counted(found.at(0x0007)) == 3);
    tape.send({0x1b, 0, 0, 0, 0, 0});
    tape.send({0x1b, 0, 0, 0, 1, 0});
    tape.send({0x00, 0, 0, 0, 0, 0});
    CHECK(counted(parameters(tape, 0x0c).at(0x0000)) == 0);
}

TEST_CASE("page 17h tells of each partition its size, what is used and what is left, in 10^6 bytes") {
    Tape tape(two_gigabytes());
    tape.write(8'000'000);
    const auto found = parameters(tape, 0x17);
    CHECK(found.at(0x0202) == bytes({7, 0, 0, 0, 0, 0, 1, 0xf4, 7, 0, 0, 1, 0, 0, 5, 0xdc}));
    CHECK(found.at(0x0203) == bytes({7, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 1, 0, 0, 0, 0}));
    CHECK(found.at(0x0204) == bytes({7, 0, 0, 0, 0, 0, 1, 0xec, 7, 0, 0, 1, 0, 0, 5, 0xdc}));
    CHECK(counted(found.at(0x0001)) == 1);
    CHECK(counted(found.at(0x0010)) == 8);
}

TEST_CASE("page 31h tells capacity and what is left of it, in MiB") {
    Tape tape(two_gigabytes());
    tape.write(7 * 1024 * 1024);
    const auto found = parameters(tape, 0x31);
    CHECK(counted(found.at(1)) == (500'000'000 - 7 * 1024 * 1024) / (1024 * 1024));
    CHECK(counted(found.at(2)) == 1'500'000'000 / (1024 * 1024));
    CHECK(counted(found.at(3)) == 500'000'000 / (1024 * 1024));
    CHECK(counted(found.at(4)) == 1'500'000'000 / (1024 * 1024));
}

TEST_CASE("page 2Eh has 64 flags, and reading them takes them down") {
    Tape tape;
    tape.cartridge.write_protected = true;
    tape.write(10);
    CHECK(counted(parameters(tape, 0x12).at(0)) == devices::bit_of(devices::TapeAlert::write_protect));
    // Who asks for the page's length first, as sg_logs does, has seen none.
    tape.send({0x4d, 0, 0x6e, 0, 0, 0, 0, 0, 4, 0}, filled(4, 0));
    auto flags = parameters(tape, 0x2e);
    CHECK(flags.size() == 64);
    CHECK(counted(flags.at(9)) == 1);
    CHECK(counted(flags.at(10)) == 0);
    CHECK(counted(parameters(tape, 0x2e).at(9)) == 0);
}

TEST_CASE("a cartridge that is taken out though it was locked is flagged") {
    Tape tape;
    tape.send({0x1e, 0, 0, 0, 1, 0});
    tape.backend.insert(nullptr);
    tape.device->medium_changed();
    CHECK(counted(parameters(tape, 0x2e).at(16)) == 1);
}

TEST_CASE("failures are counted and flagged") {
    Tape tape;
    tape.backend.fail_next = TapeStatus::io_error;
    tape.write(10);
    tape.backend.fail_next = TapeStatus::corrupt;
    tape.read(10);
    CHECK(counted(parameters(tape, 0x02).at(6)) == 1);
    CHECK(counted(parameters(tape, 0x03).at(6)) == 1);
    const auto flags = parameters(tape, 0x2e);
    CHECK(counted(flags.at(5)) == 1);
    CHECK(counted(flags.at(6)) == 1);
}

TEST_CASE("page 1Bh tells how well it compresses, in hundredths") {
    Tape tape;
    tape.write(10);
    tape.cartridge.statistics.written = ByteCount{5000};
    tape.cartridge.statistics.stored = ByteCount{2000};
    const auto found = parameters(tape, 0x1b);
    CHECK(counted(found.at(0x0001)) == 250);
    CHECK(counted(found.at(0x0000)) == 100);
    CHECK(counted(found.at(0x0100)) == 1);
}

TEST_CASE("LOG SELECT with PCR begins counting anew; there is nothing to set") {
    Tape tape;
    tape.write(10);
    CHECK(good(tape.send({0x4c, 2, 0, 0, 0, 0, 0, 0, 0, 0})));
    CHECK(counted(parameters(tape, 0x0c).at(0x0000)) == 0);
    CHECK(tape.send({0x4c, 0, 0, 0, 0, 0, 0, 0, 4, 0}, filled(4, 0)).sense.asc == 0x24);
}

TEST_CASE("page 11h tells what is in the drive") {
    Tape tape;
    CHECK((parameters(tape, 0x11).at(0)[1] & std::byte{0x11}) == std::byte{0x11});
    tape.send({0x1e, 0, 0, 0, 1, 0});
    CHECK((parameters(tape, 0x11).at(0)[0] & std::byte{0x80}) != std::byte{0});
    tape.backend.insert(nullptr);
    CHECK((parameters(tape, 0x11).at(0)[1] & std::byte{0x11}) == std::byte{0});
}
