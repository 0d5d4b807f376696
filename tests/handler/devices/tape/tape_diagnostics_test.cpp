// SPDX-License-Identifier: Apache-2.0
// Self-test, buffers and clock.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

std::uint64_t clock_of(Tape& tape) {
    const auto answer = tape.send({0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0}, filled(12, 0xee));
    REQUIRE(good(answer));
    REQUIRE(scsi::get_16(answer.data, 0) == 10);
    return scsi::get_big_endian<6>(answer.data, 4);
}

}  // namespace

TEST_CASE("the self-test is passed; pages cannot be sent; one page says that there are no others") {
    Tape tape;
    CHECK(good(tape.send({0x1d, 0x04, 0, 0, 0, 0})));
    CHECK(tape.send({0x1d, 0x10, 0, 0, 4, 0}, filled(4, 0)).sense.asc == 0x24);
    const auto pages = tape.send({0x1c, 1, 0, 0, 64, 0}, filled(64, 0xee));
    CHECK(Bytes(pages.data.begin(), pages.data.begin() + 5) == bytes({0, 0, 0, 1, 0}));
    CHECK(tape.send({0x1c, 1, 0x80, 0, 64, 0}, filled(64, 0)).sense.asc == 0x24);
}

TEST_CASE("buffers are empty, which is no error") {
    Tape tape;
    const auto descriptor = tape.send({0x3c, 3, 1, 0, 0, 0, 0, 0, 4, 0}, filled(4, 0xee));
    CHECK(good(descriptor));
    CHECK(descriptor.data == filled(4, 0));
    CHECK(tape.send({0x3c, 2, 1, 0, 0, 0, 0, 1, 0, 0}, filled(256, 0)).data_length == 0);
    CHECK(good(tape.send({0x3b, 2, 0, 0, 0, 0, 0, 0, 0, 0})));
    CHECK(tape.send({0x3b, 5, 0, 0, 0, 0, 0, 0, 4, 0}, filled(4, 0)).sense.asc == 0x24);
}

TEST_CASE("the clock is the machine's until it is set, and goes on from there, restarts or not") {
    Tape tape;
    CHECK(clock_of(tape) > 1'700'000'000'000);
    CHECK(good(
        tape.send({0xa4, 0x0f, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0}, bytes({0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}))));
    CHECK(clock_of(tape) >= 0x10000);
    CHECK(clock_of(tape) < 0x10000 + 60'000);
    tape.restart(false);
    CHECK(clock_of(tape) < 0x10000 + 60'000);
    CHECK(tape.send({0xa4, 0x0f, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0}, filled(4, 0)).sense.asc == 0x1a);
}
