// SPDX-License-Identifier: Apache-2.0
// SPACE, LOCATE, REWIND and READ POSITION: where the head stands afterwards.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

enum Code : unsigned { blocks = 0, filemarks = 1, end_of_data = 3 };

// Three files of two blocks, each closed by a filemark: objects 0 to 8; rewound.
struct ThreeFiles : Tape {
    ThreeFiles() {
        for (unsigned file = 0; file < 3; ++file) {
            write(10, file);
            write(10, file);
            Tape::filemarks();
        }
        rewind();
    }
};

bool tells(const Answer& answer, const scsi::Sense& expected) {
    return answer.status == scsi::Status::check_condition && answer.sense == expected;
}
Answer locate(Tape& tape, unsigned block) {
    return tape.send({0x2b, 0, 0, 0, 0, 0, block, 0, 0, 0});
}
Answer locate_16(Tape& tape, unsigned destination, std::uint64_t number) {
    Bytes cdb = bytes({0x92, destination << 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    scsi::put_big_endian<8>(cdb, 4, number);
    return tape.send(cdb);
}

}  // namespace

TEST_CASE("SPACE over blocks") {
    ThreeFiles tape;
    CHECK(good(tape.space(blocks, 2)));
    CHECK(tape.position() == 2);
    CHECK(good(tape.space(blocks, -1)));
    CHECK(tape.position() == 1);
}

TEST_CASE("SPACE over blocks ends behind a filemark, or before it on the way back; the residue is positive") {
    ThreeFiles tape;
    CHECK(tells(tape.space(blocks, 5), sense::filemark_detected.with_information(3)));
    CHECK(tape.position() == 3);
    CHECK(good(tape.space(blocks, 1)));
    CHECK(tells(tape.space(blocks, -5), sense::filemark_detected.with_information(4)));
    CHECK(tape.position() == 2);
}

TEST_CASE("SPACE meets the end of data") {
    ThreeFiles tape;
    CHECK(tells(tape.space(filemarks, 0x7fffff), sense::end_of_data_detected.with_information(0x7fffff - 3)));
    CHECK(tape.position() == 9);
    CHECK(tells(tape.space(blocks, 1), sense::end_of_data_detected.with_information(1)));
}

TEST_CASE("SPACE meets the beginning: EOM, and the residue is positive") {
    ThreeFiles tape;
    tape.space(blocks, 2);
    CHECK(tells(tape.space(blocks, -5), sense::beginning_of_partition_detected.with_information(3)));
    CHECK(tape.position() == 0);
    tape.space(filemarks, 2);
    CHECK(tells(tape.space(filemarks, -5), sense::beginning_of_partition_detected.with_information(3)));
    CHECK(tape.position() == 0);
}

TEST_CASE("SPACE over filemarks ends behind the last, or on its side of the beginning") {
    ThreeFiles tape;
    CHECK(good(tape.space(filemarks, 2)));
    CHECK(tape.position() == 6);
    CHECK(good(tape.space(filemarks, -1)));
    CHECK(tape.position() == 5);
    CHECK(good(tape.space(filemarks, -1)));
    CHECK(tape.position() == 2);
}

TEST_CASE("SPACE to the end of data; of nothing; of what does not exist") {
    ThreeFiles tape;
    CHECK(good(tape.space(end_of_data, 0)));
    CHECK(tape.position() == 9);
    CHECK(good(tape.space(blocks, 0)));
    CHECK(tape.position() == 9);
    for (const unsigned code : {2u, 4u, 5u, 7u})
        CHECK(tells(tape.space(code, 1), sense::invalid_field_in_cdb.in_cdb(1, 3)));
}

TEST_CASE("SPACE(16) has a count of 64 bits") {
    ThreeFiles tape;
    CHECK(good(tape.send({0x91, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0})));
    CHECK(tape.position() == 9);
    CHECK(good(tape.send({0x91, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 254, 0, 0, 0, 0})));
    CHECK(tape.position() == 5);
    CHECK(tells(tape.send({0x91, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
                sense::filemark_detected.with_information(static_cast<std::uint32_t>(-2))));
}

TEST_CASE("LOCATE(10), also with BT, which Linux sets") {
    ThreeFiles tape;
    CHECK(good(locate(tape, 4)));
    CHECK(tape.position() == 4);
    CHECK(good(tape.send({0x2b, 0x04, 0, 0, 0, 0, 7, 0, 0, 0})));
    CHECK(tape.position() == 7);
}

TEST_CASE("LOCATE beyond the end of data stops there: BLANK CHECK") {
    ThreeFiles tape;
    CHECK(tells(locate(tape, 10), sense::end_of_data_detected));
    CHECK(tape.position() == 9);
    tape.rewind();
    CHECK(tells(locate_16(tape, 0, ~std::uint64_t{0}), sense::end_of_data_detected));
    CHECK(tape.position() == 9);
    CHECK(good(locate(tape, 9)));
}

TEST_CASE("LOCATE(16) to a block, behind a filemark, to the end of data") {
    ThreeFiles tape;
    CHECK(good(locate_16(tape, 0, 4)));
    CHECK(tape.position() == 4);
    CHECK(good(locate_16(tape, 1, 2)));
    CHECK(tape.position() == 6);
    CHECK(good(locate_16(tape, 1, 0)));
    CHECK(tape.position() == 0);
    CHECK(good(locate_16(tape, 3, 0)));
    CHECK(tape.position() == 9);
    CHECK(tells(locate_16(tape, 1, 4), sense::end_of_data_detected));
    CHECK(tells(locate_16(tape, 2, 0), sense::invalid_field_in_cdb.in_cdb(1, 5)));
}

TEST_CASE("LOCATE changes the partition with CP, and only then") {
    MemoryCartridge cartridge;
    cartridge.format({500'000, 0});
    Tape tape(cartridge);
    CHECK(good(tape.send({0x2b, 0x02, 0, 0, 0, 0, 0, 0, 1, 0})));
    tape.write(10);
    CHECK(tape.cartridge.partitions[1].objects.size() == 1);
    tape.send({0x2b, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    CHECK(good(tape.read(10)));
    CHECK(tells(tape.send({0x2b, 0x02, 0, 0, 0, 0, 0, 0, 2, 0}), sense::invalid_field_in_cdb));
    // REWIND stays in its partition, LOAD goes to the first.
    tape.rewind();
    CHECK(good(tape.read(10)));
    tape.send({0x1b, 0, 0, 0, 1, 0});
    CHECK(tells(tape.read(10), sense::end_of_data_detected.with_information(10)));
}

TEST_CASE("what was written is stable before the head leaves it") {
    Tape tape;
    tape.write(10);
    tape.backend.log.clear();
    tape.rewind();
    CHECK(tape.backend.log == std::vector<std::string>{"synchronize", "locate"});
    tape.backend.log.clear();
    tape.rewind();
    CHECK(tape.backend.log == std::vector<std::string>{"locate"});
}

TEST_CASE("READ POSITION, short form, by service actions 0 and 1") {
    ThreeFiles tape;
    for (const unsigned action : {0u, 1u}) {
        tape.rewind();
        auto answer = tape.send({0x34, action, 0, 0, 0, 0, 0, 0, 0, 0}, filled(20, 0xee));
        CHECK(good(answer));
        CHECK(answer.data_length == 20);
        CHECK(answer.data == bytes({0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
        locate(tape, 5);
        answer = tape.send({0x34, action, 0, 0, 0, 0, 0, 0, 0, 0}, filled(20, 0xee));
        CHECK(answer.data == bytes({0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0}));
    }
}

TEST_CASE("READ POSITION, long form: partition, block and file") {
    ThreeFiles tape;
    locate(tape, 7);
    const auto answer = tape.send({0x34, 6, 0, 0, 0, 0, 0, 0, 0, 0}, filled(32, 0xee));
    CHECK(answer.data_length == 32);
    CHECK(scsi::get_8(answer.data, 0) == 0);
    CHECK(scsi::get_32(answer.data, 4) == 0);
    CHECK(scsi::get_64(answer.data, 8) == 7);
    CHECK(scsi::get_64(answer.data, 16) == 2);
}

TEST_CASE("READ POSITION, extended form, obeys the ALLOCATION LENGTH") {
    ThreeFiles tape;
    locate(tape, 7);
    auto answer = tape.send({0x34, 8, 0, 0, 0, 0, 0, 0, 32, 0}, filled(32, 0xee));
    CHECK(answer.data_length == 32);
    CHECK(scsi::get_16(answer.data, 2) == 28);
    CHECK(scsi::get_64(answer.data, 8) == 7);
    answer = tape.send({0x34, 8, 0, 0, 0, 0, 0, 0, 16, 0}, filled(32, 0xee));
    CHECK(answer.data_length == 16);
    CHECK(tells(tape.send({0x34, 3, 0, 0, 0, 0, 0, 0, 0, 0}, filled(32, 0)),
                sense::invalid_field_in_cdb.in_cdb(1, 4)));
}

TEST_CASE("READ POSITION tells the end of the partition ahead (EOP)") {
    MemoryCartridge cartridge;
    cartridge.capacity = 1000;
    cartridge.format({0});
    Tape tape(cartridge);
    tape.write(800);
    CHECK(tape.send({0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0}, filled(20, 0)).data[0] == std::byte{0x40});
}

TEST_CASE("READ BLOCK LIMITS: 1 byte to 8 MiB") {
    Tape tape;
    const auto limits = tape.send({0x05, 0, 0, 0, 0, 0}, filled(6, 0xee));
    CHECK(limits.data == bytes({0, 0x80, 0, 0, 0, 1}));
    const auto most = tape.send({0x05, 1, 0, 0, 0, 0}, filled(20, 0xee));
    CHECK(most.data_length == 20);
}
