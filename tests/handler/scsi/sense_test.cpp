// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/sense.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "handler/scsi/bytes.hpp"

using namespace tcmud::scsi;

namespace {

bool zero_from(const SenseBytes& bytes, std::size_t at) {
    return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(),
                       [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

TEST_CASE("fixed format: key, code and qualifier") {
    const auto bytes = encode(sense::lba_out_of_range, SenseFormat::fixed);
    CHECK(get_8(bytes, 0) == 0x70);
    CHECK(get_8(bytes, 2) == 0x05);
    CHECK(get_8(bytes, 7) == 10);
    CHECK(get_16(bytes, 12) == 0x2100);
    CHECK(zero_from(bytes, 18));
}

TEST_CASE("fixed format: INFORMATION is valid if it fits in 32 bits") {
    const auto small = encode(sense::unrecovered_read_error.with_information(0xfffffffe), SenseFormat::fixed);
    CHECK(get_8(small, 0) == 0xf0);
    CHECK(get_32(small, 3) == 0xfffffffe);
    const auto large = encode(sense::unrecovered_read_error.with_information(1ull << 32), SenseFormat::fixed);
    CHECK(get_8(large, 0) == 0x70);
    CHECK(get_32(large, 3) == 0);
}

TEST_CASE("fixed format: a field pointer names byte and bit of the CDB") {
    const auto bytes = encode(sense::invalid_field_in_cdb.in_cdb(1, 5), SenseFormat::fixed);
    CHECK(get_8(bytes, 15) == (0x80 | 0x40 | 0x08 | 5));
    CHECK(get_16(bytes, 16) == 1);
    const auto list = encode(sense::invalid_field_in_parameter_list.in_parameters(300), SenseFormat::fixed);
    CHECK(get_8(list, 15) == 0x80);
    CHECK(get_16(list, 16) == 300);
}

TEST_CASE("fixed format: tape's bits stand beside the key") {
    auto tape = sense::no_sense;
    tape.filemark = tape.end_of_medium = tape.incorrect_length = true;
    CHECK(get_8(encode(tape, SenseFormat::fixed), 2) == 0xe0);
}

TEST_CASE("descriptor format: key, code and qualifier, and nothing more") {
    const auto bytes = encode(sense::write_protected, SenseFormat::descriptor);
    CHECK(get_8(bytes, 0) == 0x72);
    CHECK(get_8(bytes, 1) == 0x07);
    CHECK(get_16(bytes, 2) == 0x2700);
    CHECK(get_8(bytes, 7) == 0);
    CHECK(zero_from(bytes, 8));
}

TEST_CASE("descriptor format: INFORMATION has 64 bits") {
    const auto bytes =
        encode(sense::unrecovered_read_error.with_information(1ull << 40), SenseFormat::descriptor);
    CHECK(get_8(bytes, 7) == 12);
    CHECK(get_16(bytes, 8) == 0x000a);
    CHECK(get_8(bytes, 10) == 0x80);
    CHECK(get_64(bytes, 12) == 1ull << 40);
}

TEST_CASE("descriptor format: several descriptors follow each other") {
    auto both = sense::invalid_field_in_cdb.in_cdb(2, 0).with_information(7);
    both.command_specific = 9;
    both.filemark = true;
    const auto bytes = encode(both, SenseFormat::descriptor);
    CHECK(get_8(bytes, 7) == 12 + 12 + 8 + 4);
    CHECK(get_8(bytes, 8) == 0x00);
    CHECK(get_8(bytes, 20) == 0x01);
    CHECK(get_64(bytes, 24) == 9);
    CHECK(get_8(bytes, 32) == 0x02);
    CHECK(get_8(bytes, 36) == (0x80 | 0x40 | 0x08));
    CHECK(get_16(bytes, 37) == 2);
    CHECK(get_8(bytes, 40) == 0x04);
    CHECK(get_8(bytes, 43) == 0x80);
    CHECK(zero_from(bytes, 44));
}

TEST_CASE("sense keys have the names of SPC-4") {
    CHECK(name_of(SenseKey::no_sense) == "NO SENSE");
    CHECK(name_of(SenseKey::medium_error) == "MEDIUM ERROR");
    CHECK(name_of(SenseKey::aborted_command) == "ABORTED COMMAND");
    CHECK(name_of(SenseKey::miscompare) == "MISCOMPARE");
}
