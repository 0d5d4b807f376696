// SPDX-License-Identifier: Apache-2.0
// WRITE, WRITE FILEMARKS and ERASE: every way in which they end.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

bool ends_with(const Answer& answer, const scsi::Sense& expected) {
    return answer.status == scsi::Status::check_condition && answer.sense == expected;
}
MemoryCartridge cartridge_of(std::uint64_t capacity) {
    MemoryCartridge cartridge;
    cartridge.capacity = capacity;
    cartridge.format({0});
    return cartridge;
}
const auto& objects(const Tape& tape) {
    return tape.cartridge.partitions[0].objects;
}

}  // namespace

TEST_CASE("variable: one block of that length") {
    Tape tape;
    const auto answer = tape.write(1000, 9);
    CHECK(good(answer));
    CHECK(answer.data_length == scsi::Outcome::data_out_taken().data_length);
    REQUIRE(objects(tape).size() == 1);
    CHECK(objects(tape)[0].data == filled(1000, 9));
}

TEST_CASE("fixed: each block is its own part of the data") {
    Tape tape;
    tape.set_block_length(512);
    auto data = filled(512, 1);
    const auto second = filled(512, 2);
    data.insert(data.end(), second.begin(), second.end());
    CHECK(good(tape.send({0x0a, 1, 0, 0, 2, 0}, data)));
    REQUIRE(objects(tape).size() == 2);
    CHECK(objects(tape)[0].data == filled(512, 1));
    CHECK(objects(tape)[1].data == filled(512, 2));
}

TEST_CASE("what is written is the last on the tape, wherever that is") {
    Tape tape;
    for (unsigned i = 0; i < 5; ++i) tape.write(10, i);
    tape.send({0x2b, 0, 0, 0, 0, 0, 2, 0, 0, 0});  // LOCATE(10) to block 2
    tape.write(10, 77);
    CHECK(objects(tape).size() == 3);
    CHECK(ends_with(tape.read(10), sense::end_of_data_detected.with_information(10)));
}

TEST_CASE("a length of zero writes nothing") {
    Tape tape;
    CHECK(good(tape.write(0)));
    CHECK(objects(tape).empty());
}

TEST_CASE("a block that is longer than READ BLOCK LIMITS says is refused") {
    Tape tape;
    CHECK(ends_with(tape.write(8 * 1024 * 1024 + 1), sense::invalid_field_in_cdb.in_cdb_byte(2)));
    CHECK(tape.set_block_length(8 * 1024 * 1024 + 1).sense.asc == 0x26);
    CHECK(objects(tape).empty());
}

TEST_CASE("fixed without a block length is refused") {
    Tape tape;
    CHECK(ends_with(tape.write_blocks(1, 512), sense::invalid_field_in_cdb.in_cdb(1, 0)));
}

TEST_CASE("data-out that is shorter than the CDB announces: nothing is written") {
    Tape tape;
    CHECK(ends_with(tape.send({0x0a, 0, 0, 4, 0, 0}, filled(100, 1)),
                    sense::invalid_field_in_information_unit));
    CHECK(objects(tape).empty());
}

TEST_CASE("a write-protected medium: DATA PROTECT, and the WP bit") {
    MemoryCartridge cartridge;
    cartridge.write_protected = true;
    Tape tape(cartridge);
    CHECK(ends_with(tape.write(10), sense::write_protected));
    CHECK(ends_with(tape.filemarks(), sense::write_protected));
    CHECK(ends_with(tape.send({0x19, 0, 0, 0, 0, 0}), sense::write_protected));
    CHECK(good(tape.filemarks(0)));
    const auto header = tape.send({0x1a, 0x08, 0x3f, 0, 4, 0}, filled(4, 0));
    CHECK((header.data[2] & std::byte{0x80}) != std::byte{0});
}

TEST_CASE("WORM: only at the end of data, never erased") {
    MemoryCartridge cartridge;
    cartridge.worm = true;
    Tape tape(cartridge);
    CHECK(good(tape.write(10)));
    CHECK(good(tape.write(10)));
    tape.rewind();
    CHECK(ends_with(tape.write(10), sense::worm_overwrite_attempted));
    CHECK(ends_with(tape.send({0x19, 0, 0, 0, 0, 0}), sense::worm_overwrite_attempted));
    CHECK(objects(tape).size() == 2);
}

TEST_CASE("in the early-warning zone: written, and END-OF-PARTITION DETECTED with EOM, INFORMATION 0") {
    Tape tape(cartridge_of(10'000));  // The last quarter of so small a tape.
    for (int i = 0; i < 7; ++i) CHECK(good(tape.write(1000)));
    const auto warned = tape.write(1000);
    CHECK(ends_with(warned, sense::end_of_partition_detected.with_information(0)));
    CHECK(objects(tape).size() == 8);
    // A filemark is written there too.
    CHECK(ends_with(tape.filemarks(), sense::end_of_partition_detected.with_information(0)));
    CHECK(objects(tape).size() == 9);
}

TEST_CASE("past the end: VOLUME OVERFLOW, a block is written whole or not at all") {
    Tape tape(cartridge_of(10'000));
    for (int i = 0; i < 9; ++i) tape.write(1000);
    CHECK(ends_with(tape.write(2000), sense::volume_overflow.with_information(2000)));
    CHECK(objects(tape).size() == 9);
    tape.set_block_length(500);
    CHECK(ends_with(tape.write_blocks(5, 500), sense::volume_overflow.with_information(3)));
    CHECK(objects(tape).size() == 11);
}

TEST_CASE("the file system below is full: as the end of the tape") {
    Tape tape;
    tape.backend.fail_next = TapeStatus::no_space;
    CHECK(ends_with(tape.write(1000), sense::volume_overflow.with_information(1000)));
}

TEST_CASE("the store fails: WRITE ERROR") {
    Tape tape;
    tape.backend.fail_next = TapeStatus::io_error;
    CHECK(ends_with(tape.write(1000), sense::write_error.with_information(1000)));
}

TEST_CASE("the programmable early warning is given once, on the way in") {
    Tape tape(cartridge_of(8'000'000));
    // Device configuration extension: PEWS is 1 (10^6 bytes).
    auto page = bytes({0, 0, 0x10, 0, 0x50, 0x01, 0, 0x1c, 0, 0, 0, 1});
    page.resize(4 + 4 + 0x1c);
    REQUIRE(good(tape.send({0x15, 0x10, 0, 0, 36, 0}, page)));
    const auto write_5_mb = [&] {
        Answer answer;
        for (int i = 0; i < 5; ++i) answer = tape.write(1'000'000);
        return answer;
    };
    CHECK(ends_with(write_5_mb(), sense::programmable_early_warning.with_information(0)));
    CHECK(good(tape.write(10)));
    tape.rewind();
    CHECK(ends_with(write_5_mb(), sense::programmable_early_warning.with_information(0)));
}

TEST_CASE("WRITE FILEMARKS without IMMED makes stable what was written before") {
    Tape tape;
    tape.write(10);
    tape.backend.log.clear();
    CHECK(good(tape.filemarks(2)));
    CHECK(tape.backend.log == std::vector<std::string>{"write_filemarks", "synchronize"});
    CHECK(objects(tape).size() == 3);
}

TEST_CASE("WRITE FILEMARKS with IMMED does not") {
    Tape tape;
    CHECK(good(tape.send({0x10, 1, 0, 0, 1, 0})));
    CHECK(tape.backend.log.back() == "write_filemarks");
}

TEST_CASE("WRITE FILEMARKS of none flushes only, if there is anything to flush") {
    Tape tape;
    tape.write(10);
    tape.backend.log.clear();
    CHECK(good(tape.filemarks(0)));
    CHECK(good(tape.filemarks(0)));
    CHECK(tape.backend.log == std::vector<std::string>{"synchronize"});
}

TEST_CASE("setmarks do not exist (WSMK)") {
    Tape tape;
    CHECK(ends_with(tape.send({0x10, 2, 0, 0, 1, 0}), sense::invalid_field_in_cdb.in_cdb(1, 1)));
}

TEST_CASE("with buffered mode 0 each write is stable before it is answered") {
    Tape tape;
    CHECK(good(tape.send({0x15, 0x10, 0, 0, 4, 0}, bytes({0, 0, 0x00, 0}))));
    tape.write(10);
    CHECK(tape.backend.log.back() == "synchronize");
}

TEST_CASE("ERASE(6) makes the position the end of data, short and long") {
    for (const unsigned flags : {0u, 1u, 3u}) {
        Tape tape;
        for (unsigned i = 0; i < 5; ++i) tape.write(10, i);
        tape.space(0, -3);
        CHECK(good(tape.send({0x19, flags, 0, 0, 0, 0})));
        CHECK(objects(tape).size() == 2);
    }
}

TEST_CASE("WRITE(16) and WRITE FILEMARKS(16) say where they begin") {
    Tape tape;
    for (unsigned i = 0; i < 5; ++i) tape.write(10, i);
    CHECK(good(tape.send({0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 20, 0}, filled(20, 9))));
    CHECK(objects(tape).size() == 4);
    CHECK(objects(tape)[3].data == filled(20, 9));
    CHECK(good(tape.send({0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0})));
    CHECK(objects(tape).size() == 2);
    CHECK(objects(tape)[1].filemark);
}

TEST_CASE("in append-only mode nothing is overwritten") {
    Tape tape;
    auto page = bytes({0, 0, 0x10, 0, 0x50, 0x01, 0, 0x1c, 0, 0x10});
    page.resize(4 + 4 + 0x1c);
    REQUIRE(good(tape.send({0x15, 0x10, 0, 0, 36, 0}, page)));
    CHECK(good(tape.write(10)));
    CHECK(good(tape.write(10)));
    tape.rewind();
    CHECK(ends_with(tape.write(10), sense::worm_overwrite_attempted));
    CHECK(objects(tape).size() == 2);
}

TEST_CASE("a drive does not write what two generations before it have written") {
    MemoryCartridge cartridge;
    cartridge.density = 0x5a;
    Tape tape(cartridge, "lto-7");
    CHECK(good(tape.write(10)));
    cartridge.density = 0x58;
    Tape old(cartridge, "lto-7");
    CHECK(ends_with(old.write(10), sense::incompatible_format));
    CHECK(ends_with(old.read(10), sense::end_of_data_detected.with_information(10)));
}
