// SPDX-License-Identifier: Apache-2.0
// READ(6), READ(16) and VERIFY(6): every way in which they end.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

// Blocks of 1000, 1000 and 500 bytes, a filemark, a block of 100 bytes; rewound.
struct Recorded : Tape {
    Recorded() {
        write(1000, 1);
        write(1000, 2);
        write(500, 3);
        filemarks();
        write(100, 4);
        rewind();
    }
};

// Five blocks of 512 bytes, a filemark; rewound, in fixed mode.
struct Fixed : Tape {
    Fixed() {
        set_block_length(512);
        write_blocks(5, 512, 7);
        filemarks();
        rewind();
    }
};

bool check(const Answer& answer, const scsi::Sense& expected) {
    return answer.status == scsi::Status::check_condition && answer.sense == expected;
}
constexpr std::uint32_t negative(std::uint32_t value) {
    return ~value + 1;
}

}  // namespace

TEST_CASE("variable, the block has the length asked for: GOOD, all of it") {
    Recorded tape;
    const auto answer = tape.read(1000);
    CHECK(good(answer));
    CHECK(answer.data_length == 1000);
    CHECK(answer.data == filled(1000, 1));
    CHECK(tape.position() == 1);
}

TEST_CASE("variable, the block is shorter: ILI, INFORMATION is positive, the block is delivered and passed") {
    Recorded tape;
    const auto answer = tape.read(65536);
    CHECK(check(answer, sense::wrong_length.with_information(64536)));
    CHECK(answer.data_length == 1000);
    CHECK(tape.position() == 1);
}

TEST_CASE("variable, the block is longer: ILI, INFORMATION is negative, what was asked for is delivered") {
    Recorded tape;
    const auto answer = tape.read(400);
    CHECK(check(answer, sense::wrong_length.with_information(negative(600))));
    CHECK(answer.data_length == 400);
    CHECK(answer.data == filled(400, 1));
    CHECK(tape.position() == 1);
}

TEST_CASE("a negative INFORMATION in descriptor format has 64 bits") {
    Recorded tape;
    tape.send({0x15, 0x10, 0, 0, 16, 0},
              bytes({0, 0, 0x10, 0, 0x0a, 10, 0x04, 0x10, 0, 0x40, 0, 0, 0xff, 0xff, 0, 0}));
    REQUIRE(tape.device->sense_format() == scsi::SenseFormat::descriptor);
    CHECK(tape.read(400).sense.information == ~std::uint64_t{599});
}

TEST_CASE("variable with SILI, the block is shorter: GOOD, the rest is a residual") {
    Recorded tape;
    const auto answer = tape.read(2000, true);
    CHECK(good(answer));
    CHECK(answer.data_length == 1000);
}

TEST_CASE("variable with SILI, the block is longer: GOOD where no block length is set, ILI where one is") {
    Recorded tape;
    CHECK(good(tape.read(400, true)));
    tape.rewind();
    tape.set_block_length(512);
    CHECK(check(tape.read(400, true), sense::wrong_length.with_information(negative(600))));
    tape.rewind();
    CHECK(good(tape.read(2000, true)));
}

TEST_CASE("variable, a filemark: it is passed, nothing is delivered, INFORMATION is what was asked for") {
    Recorded tape;
    tape.space(0, 3);
    const auto answer = tape.read(2000);
    CHECK(check(answer, sense::filemark_detected.with_information(2000)));
    CHECK(answer.data_length == 0);
    CHECK(tape.position() == 4);
    CHECK(good(tape.read(100)));
}

TEST_CASE("the end of data: BLANK CHECK without EOM, the head stays there") {
    Recorded tape;
    tape.space(3, 0);
    for (int i = 0; i < 2; ++i) {
        const auto answer = tape.read(2000);
        CHECK(check(answer, sense::end_of_data_detected.with_information(2000)));
        CHECK_FALSE(answer.sense.end_of_medium);
        CHECK(tape.position() == 5);
    }
}

TEST_CASE("a length of zero moves nothing") {
    Recorded tape;
    CHECK(good(tape.read(0)));
    CHECK(tape.position() == 0);
}

TEST_CASE("an initiator with less room than it asks for gets what fits") {
    Recorded tape;
    const auto answer = tape.send({0x08, 0, 0, 0x03, 0xe8, 0}, filled(300, 0xee));
    CHECK(good(answer));
    CHECK(answer.data_length == 300);
}

TEST_CASE("fixed: so many blocks of the block length") {
    Fixed tape;
    const auto answer = tape.read_blocks(5, 512);
    CHECK(good(answer));
    CHECK(answer.data_length == 5 * 512);
    CHECK(answer.data == filled(5 * 512, 7));
    CHECK(tape.position() == 5);
}

TEST_CASE(
    "fixed, a block of another length: ILI, the blocks before it are delivered, the odd one is passed") {
    Recorded tape;
    tape.set_block_length(1000);
    const auto answer = tape.read_blocks(5, 1000);
    CHECK(check(answer, sense::wrong_length.with_information(3)));
    CHECK(answer.data_length == 2000);
    CHECK(tape.position() == 3);
}

TEST_CASE("fixed, a filemark: the blocks before it are delivered, INFORMATION is the rest in blocks") {
    Fixed tape;
    tape.space(0, 2);
    const auto answer = tape.read_blocks(10, 512);
    CHECK(check(answer, sense::filemark_detected.with_information(7)));
    CHECK(answer.data_length == 3 * 512);
    CHECK(tape.position() == 6);
    const auto at_once = tape.read_blocks(4, 512);
    CHECK(check(at_once, sense::end_of_data_detected.with_information(4)));
    CHECK(at_once.data_length == 0);
}

TEST_CASE("fixed without a block length, and fixed with SILI, are refused") {
    Recorded tape;
    CHECK(check(tape.read_blocks(1, 512), sense::invalid_field_in_cdb.in_cdb(1, 0)));
    tape.set_block_length(512);
    CHECK(check(tape.send({0x08, 3, 0, 0, 1, 0}, filled(512, 0)), sense::invalid_field_in_cdb.in_cdb(1, 1)));
    CHECK(tape.position() == 0);
}

TEST_CASE("a block that cannot be read back: UNRECOVERED READ ERROR, behind the block") {
    Recorded tape;
    tape.cartridge.partitions[0].objects[1].bad = true;
    tape.space(0, 1);
    CHECK(check(tape.read(1000), sense::unrecovered_read_error.with_information(1000)));
    CHECK(tape.position() == 2);
}

TEST_CASE("the store fails: UNRECOVERED READ ERROR") {
    Recorded tape;
    tape.backend.fail_next = TapeStatus::io_error;
    CHECK(tape.read(1000).sense.key == scsi::SenseKey::medium_error);
}

TEST_CASE("READ(16) says where it begins") {
    Recorded tape;
    // PARTITION 0, LOGICAL OBJECT IDENTIFIER 2, TRANSFER LENGTH 500
    const auto answer =
        tape.send({0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x01, 0xf4, 0}, filled(500, 0xee));
    CHECK(good(answer));
    CHECK(answer.data == filled(500, 3));
    CHECK(tape.position() == 3);
    CHECK(check(tape.send({0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 1, 0}, filled(1, 0)),
                sense::end_of_data_detected));
    CHECK(check(tape.send({0x88, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(1, 0)),
                sense::invalid_field_in_cdb));
}

TEST_CASE("a READ without a medium: MEDIUM NOT PRESENT") {
    Recorded tape;
    tape.send({0x1b, 0, 0, 0, 0, 0});
    CHECK(check(tape.read(100), sense::medium_not_present));
}

TEST_CASE("VERIFY(6) of blocks passes them, and ends at a filemark and at the end of data") {
    Fixed tape;
    CHECK(good(tape.send({0x13, 0x01, 0, 0, 2, 0})));
    CHECK(tape.position() == 2);
    CHECK(check(tape.send({0x13, 0x01, 0, 0, 10, 0}), sense::filemark_detected.with_information(7)));
    CHECK(check(tape.send({0x13, 0x01, 0, 0, 3, 0}), sense::end_of_data_detected.with_information(3)));
    tape.rewind();
    tape.cartridge.partitions[0].objects[1].bad = true;
    CHECK(check(tape.send({0x13, 0x01, 0, 0, 3, 0}), sense::unrecovered_read_error.with_information(2)));
}

TEST_CASE("VERIFY(6) counts filemarks (VBF), or goes to the end of data (VTE)") {
    Recorded tape;
    CHECK(good(tape.send({0x13, 0x08, 0, 0, 1, 0})));
    CHECK(tape.position() == 4);
    tape.rewind();
    CHECK(check(tape.send({0x13, 0x08, 0, 0, 2, 0}), sense::end_of_data_detected.with_information(1)));
    tape.rewind();
    CHECK(good(tape.send({0x13, 0x20, 0, 0, 0, 0})));
    CHECK(tape.position() == 5);
    // BYTCMP: nothing is compared.
    CHECK(check(tape.send({0x13, 0x02, 0, 0, 1, 0}), sense::invalid_field_in_cdb.in_cdb(1, 1)));
}
