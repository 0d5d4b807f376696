// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/changer/element_status.hpp"

#include <catch2/catch.hpp>

#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

Bytes part(const Bytes& of, std::size_t at, std::size_t length) {
    REQUIRE(at + length <= of.size());
    const auto begin = of.begin() + static_cast<std::ptrdiff_t>(at);
    return {begin, begin + static_cast<std::ptrdiff_t>(length)};
}
Bytes text(std::string_view from) {
    Bytes result;
    for (const char c : from) result.push_back(static_cast<std::byte>(c));
    return result;
}

}  // namespace

TEST_CASE("READ ELEMENT STATUS: one slot without its volume tag") {
    Changer changer;
    // Type 2 from 1000h on, one element, 255 bytes.
    CHECK(changer.read({0xb8, 0x02, 0x10, 0x00, 0, 1, 0, 0, 0, 255, 0, 0}) ==
          bytes({
              0x10, 0x00, 0, 1,  0, 0, 0, 24,  // FIRST ELEMENT ADDRESS REPORTED, NUMBER, BYTE COUNT OF REPORT
              0x02, 0x00, 0, 16, 0, 0, 0, 16,  // ELEMENT TYPE CODE, no PVOLTAG, DESCRIPTOR LENGTH, BYTE COUNT
              0x10, 0x00,                      // ELEMENT ADDRESS
              0x09, 0,                         // ACCESS, FULL
              0,    0,    0, 0,  0,            // ASC, ASCQ
              0x01,                            // MEDIUM TYPE: data
              0,    0,                         // SOURCE STORAGE ELEMENT ADDRESS, not valid
              0,    0,    0, 0,                // no identifier
          }));
}

TEST_CASE("READ ELEMENT STATUS: the volume tag is 32 characters and four bytes") {
    Changer changer;
    const auto report = changer.read({0xb8, 0x12, 0x10, 0x00, 0, 4, 0, 0, 0, 255, 0, 0});
    CHECK(part(report, 0, 16) == bytes({0x10, 0, 0, 4, 0, 0, 0, 216, 0x02, 0x80, 0, 52, 0, 0, 0, 208}));
    auto tag = text("A00001L8");
    tag.resize(32, std::byte{' '});
    tag.resize(36);
    CHECK(part(report, 16 + 12, 36) == tag);
    // Of an empty element there is none.
    CHECK(part(report, 16 + 2 * 52, 3) == bytes({0x10, 0x02, 0x08}));
    CHECK(part(report, 16 + 2 * 52 + 12, 36) == filled(36, 0));
}

TEST_CASE("READ ELEMENT STATUS: a drive's identifier and where its cartridge came from") {
    Changer changer;
    REQUIRE(good(changer.move(0x1001, 0x0100)));
    changer.backend.at(0x0100).loaded = true;
    const auto report = changer.read({0xb8, 0x14, 0x01, 0x00, 0, 2, 0x03, 0, 4, 0, 0, 0});
    CHECK(part(report, 0, 16) == bytes({0x01, 0, 0, 2, 0, 0, 0, 180, 0x04, 0x80, 0, 86, 0, 0, 0, 172}));
    // FULL without ACCESS: it is loaded. SVALID and data, from 1001h.
    CHECK(part(report, 16, 12) == bytes({0x01, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0x81, 0x10, 0x01}));
    CHECK(part(report, 16 + 48, 4) == bytes({0x02, 0x01, 0, 34}));  // ASCII, T10 vendor ID
    CHECK(part(report, 16 + 52, 34) == text("IBM     ULT3580-TD8     0000000001"));
    // The other one is empty, and can be reached.
    CHECK(part(report, 16 + 86, 12) == bytes({0x01, 0x01, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    CHECK(part(report, 16 + 86 + 52, 34) == text("IBM     ULT3580-TD8     0000000002"));
}

TEST_CASE("READ ELEMENT STATUS: what an operator has put in, and what cannot be used") {
    Changer changer;
    changer.backend.at(0x0010).damaged = true;
    const auto report = changer.read({0xb8, 0x03, 0, 0, 0, 9, 0, 0, 0, 255, 0, 0});
    // INENAB, EXENAB, ACCESS, EXCEPT, IMPEXP, FULL; INCOMPATIBLE MEDIUM INSTALLED
    CHECK(part(report, 16, 10) == bytes({0, 0x10, 0x3f, 0, 0x30, 0, 0, 0, 0, 0x01}));
    CHECK(part(report, 32, 10) == bytes({0, 0x11, 0x38, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("READ ELEMENT STATUS: cartridges for cleaning and those that are written once are told apart") {
    Changer changer;
    changer.backend.at(0x1000).cleaning = true;
    changer.backend.at(0x1001).worm = true;
    const auto report = changer.read({0xb8, 0x02, 0x10, 0, 0, 2, 0, 0, 0, 255, 0, 0});
    CHECK(report[16 + 9] == std::byte{0x02});
    CHECK(report[32 + 9] == std::byte{0x04});
}

TEST_CASE("READ ELEMENT STATUS: all types come by address, a page for each") {
    Changer changer;
    const auto report = changer.read({0xb8, 0x00, 0, 0, 0xff, 0xff, 0, 0, 4, 0, 0, 0});
    // Nine elements of 16 bytes and four page headers.
    CHECK(part(report, 0, 8) == bytes({0, 0x01, 0, 9, 0, 0, 0, 9 * 16 + 4 * 8}));
    CHECK(part(report, 8, 1) == bytes({0x01}));
    CHECK(part(report, 8 + 8 + 16, 1) == bytes({0x03}));
    CHECK(part(report, 2 * 8 + 8 + 3 * 16, 1) == bytes({0x04}));
    CHECK(part(report, 3 * 8 + 8 + 5 * 16, 1) == bytes({0x02}));
}

TEST_CASE("READ ELEMENT STATUS: the ALLOCATION LENGTH cuts; the header tells of the whole report") {
    Changer changer;
    const auto header = changer.read({0xb8, 0x12, 0, 0, 0xff, 0xff, 0, 0, 0, 8, 0, 0});
    CHECK(header == bytes({0x10, 0, 0, 4, 0, 0, 0, 216}));
}

TEST_CASE("READ ELEMENT STATUS: from an address on, a number of elements at most") {
    Changer changer;
    const auto some = changer.read({0xb8, 0x02, 0x10, 0x01, 0, 2, 0, 0, 4, 0, 0, 0});
    CHECK(part(some, 0, 4) == bytes({0x10, 0x01, 0, 2}));
    const auto none = changer.read({0xb8, 0x02, 0x20, 0x00, 0, 2, 0, 0, 4, 0, 0, 0});
    CHECK(none == filled(8, 0));
    CHECK(changer.send({0xb8, 0x05, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0}, filled(8, 0)).sense ==
          sense::invalid_field_in_cdb.in_cdb(1, 3));
}

TEST_CASE("templates: ? is any character, * any that follow") {
    using devices::matches_template;
    CHECK(matches_template("A00001L8", "A00001L8                        "));
    CHECK(matches_template("A00001L8", std::string_view("A00001L8\0\0\0", 11)));
    CHECK(matches_template("A00001L8", "A?00??L8"));
    CHECK(matches_template("A00001L8", "A*"));
    CHECK(matches_template("A00001L8", "A00001L8*"));
    CHECK_FALSE(matches_template("A00001L8", "A00001"));
    CHECK_FALSE(matches_template("A00001", "A00001L8"));
    CHECK_FALSE(matches_template("A00001L8", "?"));
    CHECK_FALSE(matches_template("A00001L8", ""));
}
