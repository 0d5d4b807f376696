// SPDX-License-Identifier: Apache-2.0
// The vital product data pages of a drive.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

Bytes page(Tape& tape, unsigned code) {
    const auto answer = tape.send(bytes({0x12, 1, code, 0, 255, 0}), filled(255, 0xee));
    REQUIRE(good(answer));
    return {answer.data.begin(), answer.data.begin() + static_cast<std::ptrdiff_t>(answer.data_length)};
}

}  // namespace

TEST_CASE("page 00h lists all pages, and each of them is answered") {
    Tape tape;
    const auto supported = page(tape, 0x00);
    CHECK(supported == bytes({1, 0, 0, 8, 0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2, 0xb5}));
    for (std::size_t i = 4; i < supported.size(); ++i) {
        const auto one = page(tape, std::to_integer<unsigned>(supported[i]));
        CHECK(one[0] == std::byte{1});
        CHECK(scsi::get_16(one, 2) == one.size() - 4);
    }
}

TEST_CASE("pages B3h and B4h tell of the changer that a drive belongs to, and of its place there") {
    Tape tape;
    for (const unsigned code : {0xb3u, 0xb4u})
        CHECK(tape.send({0x12, 1, code, 0, 255, 0}, filled(255, 0)).sense.asc == 0x24);

    tape.backend.in_library = TapeAutomation{"LIB01", 0x0101};
    tape.start();
    CHECK(page(tape, 0x00) ==
          bytes({1, 0, 0, 10, 0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5}));
    CHECK(page(tape, 0xb3) == bytes({1, 0xb3, 0, 5, 'L', 'I', 'B', '0', '1'}));
    CHECK(page(tape, 0xb4) == bytes({1, 0xb4, 0, 2, 0x01, 0x01}));
}

TEST_CASE("page 83h names the drive as its changer does: vendor, product, serial") {
    Tape tape({}, "lto-8", "ibm");
    const auto designation = page(tape, 0x83);
    // Code set ASCII, T10 vendor ID of the unit, 34 bytes.
    CHECK(Bytes(designation.begin() + 4, designation.begin() + 8) == bytes({2, 1, 0, 34}));
    CHECK(std::string(reinterpret_cast<const char*>(designation.data()) + 8, 34) ==
          "IBM     ULT3580-TD8     0123456789");
    // The NAA designator is the LUN's.
    CHECK(Bytes(designation.begin() + 42, designation.begin() + 46) == bytes({1, 3, 0, 16}));
}

TEST_CASE("page B0h: WORM cartridges can be used; B1h: the serial number") {
    Tape tape;
    CHECK(page(tape, 0xb0) == bytes({1, 0xb0, 0, 4, 1, 0, 0, 0}));
    CHECK(page(tape, 0xb1).size() == 4 + 10);
}

TEST_CASE("page B2h: the TapeAlert flags that there are") {
    Tape tape;
    const auto flags = scsi::get_64(page(tape, 0xb2), 4);
    CHECK((flags & devices::bit_of(devices::TapeAlert::write_protect)) != 0);
    CHECK((flags >> 63) == 0);  // Flag 1, read warning.
}

TEST_CASE("page B5h: logical block protection by method 2, for both directions") {
    Tape tape;
    CHECK(page(tape, 0xb5) == bytes({1, 0xb5, 0, 9, 0, 0, 0, 0, 4, 2, 4, 0xc0, 0}));
}
