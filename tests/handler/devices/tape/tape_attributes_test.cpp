// SPDX-License-Identifier: Apache-2.0
// READ ATTRIBUTE and WRITE ATTRIBUTE: the memory of the cartridge.
#include <map>

#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

Answer read_attribute(Tape& tape, unsigned action, unsigned first = 0, unsigned partition = 0) {
    return tape.send(
        bytes({0x8c, action, 0, 0, 0, 0, 0, partition, first >> 8, first & 0xff, 0, 0, 0x40, 0, 0, 0}),
        filled(0x4000, 0xee));
}
Answer write_attribute(Tape& tape, const Bytes& attributes, unsigned partition = 0) {
    auto list = bytes({0, 0, 0, 0});
    scsi::put_big_endian<4>(list, 0, attributes.size());
    list.insert(list.end(), attributes.begin(), attributes.end());
    const auto size = static_cast<unsigned>(list.size());
    return tape.send(bytes({0x8d, 0, 0, 0, 0, 0, 0, partition, 0, 0, 0, 0, size >> 8, size & 0xff, 0, 0}),
                     list);
}
// By identifier: the values that are told from `first` on.
std::map<unsigned, Bytes> values(Tape& tape, unsigned first = 0, unsigned partition = 0) {
    const auto answer = read_attribute(tape, 0, first, partition);
    REQUIRE(good(answer));
    REQUIRE(scsi::get_32(answer.data, 0) == answer.data_length - 4);
    std::map<unsigned, Bytes> found;
    for (std::size_t at = 4; at < answer.data_length;) {
        const auto length = scsi::get_16(answer.data, at + 3);
        const auto begin = answer.data.begin() + static_cast<std::ptrdiff_t>(at) + 5;
        found[scsi::get_16(answer.data, at)] = {begin, begin + length};
        at += 5u + length;
    }
    return found;
}
std::uint64_t number(const Bytes& value) {
    std::uint64_t sum = 0;
    for (const auto byte : value) sum = sum << 8 | std::to_integer<std::uint64_t>(byte);
    return sum;
}
std::string text(const Bytes& value) {
    return {reinterpret_cast<const char*>(value.data()), value.size()};
}

}  // namespace

TEST_CASE("the drive knows capacity, loads, drives, density") {
    MemoryCartridge cartridge;
    cartridge.capacity = 100 * 1024 * 1024;
    cartridge.format({0});
    Tape tape(cartridge);
    tape.write(3 * 1024 * 1024);
    const auto all = values(tape);
    CHECK(number(all.at(0x0000)) == 97);
    CHECK(number(all.at(0x0001)) == 100);
    CHECK(number(all.at(0x0003)) == 1);
    CHECK(number(all.at(0x0006)) == 0x5e);
    CHECK(text(all.at(0x020a)) == "TCMUD   0123456789                      ");
    CHECK(number(all.at(0x0220)) == 3);
    CHECK(number(all.at(0x0222)) == 3);
    CHECK(text(all.at(0x0401)) == "6b7c5a9e-0000-4000-8000-00000000");
    CHECK(number(all.at(0x0408)) == 0);
}

TEST_CASE("the volume change reference changes with the first write after a load, and then not") {
    Tape tape;
    const auto before = values(tape).at(0x0009);
    tape.write(10);
    const auto after = values(tape).at(0x0009);
    CHECK(after != before);
    tape.write(10);
    CHECK(values(tape).at(0x0009) == after);
}

TEST_CASE("what a host has written is told, from the first that was asked for; a length of zero removes it") {
    Tape tape;
    CHECK(
        good(write_attribute(tape, bytes({0x08, 0x00, 0x01, 0, 3, 'A', 'B', 'C', 0x16, 0x23, 0, 0, 1, 1}))));
    auto found = values(tape, 0x0800);
    CHECK(found.size() == 2);
    CHECK(text(found.at(0x0800)) == "ABC");
    CHECK(number(found.at(0x1623)) == 1);
    CHECK(good(write_attribute(tape, bytes({0x08, 0x00, 0x01, 0, 0}))));
    CHECK(read_attribute(tape, 0, 0x0800).sense == sense::invalid_field_in_cdb.in_cdb_byte(8));
}

TEST_CASE("attributes are a partition's") {
    MemoryCartridge cartridge;
    cartridge.format({500'000, 0});
    Tape tape(cartridge);
    CHECK(good(write_attribute(tape, bytes({0x08, 0x05, 0x00, 0, 1, 7}), 1)));
    CHECK(values(tape, 0, 1).contains(0x0805));
    CHECK_FALSE(values(tape, 0, 0).contains(0x0805));
    CHECK(read_attribute(tape, 0, 0, 2).sense == sense::invalid_field_in_cdb.in_cdb_byte(7));
    CHECK(write_attribute(tape, bytes({0x08, 0x05, 0x00, 0, 1, 7}), 2).sense.asc == 0x24);
    CHECK(read_attribute(tape, 3).data[3] == std::byte{2});
}

TEST_CASE("lists of what is there, and of what there can be") {
    Tape tape;
    const auto there = read_attribute(tape, 1);
    CHECK(scsi::get_32(there.data, 0) == 2 * values(tape).size());
    const auto supported = read_attribute(tape, 5);
    CHECK(scsi::get_32(supported.data, 0) == 2 * devices::attribute_infos().size());
    CHECK(read_attribute(tape, 4).sense == sense::invalid_field_in_cdb.in_cdb(1, 4));
}

TEST_CASE("the memory is finite, and protected as the medium is") {
    Tape tape;
    for (unsigned i = 0; i < 15; ++i) {
        auto attribute = bytes({0x10, i, 0x00, 4, 0});
        attribute.resize(5 + 1024);
        CHECK(good(write_attribute(tape, attribute)));
    }
    CHECK(number(values(tape).at(0x0004)) == 1024);
    auto too_much = bytes({0x10, 0x30, 0x00, 4, 0});
    too_much.resize(5 + 1024);
    CHECK(good(write_attribute(tape, too_much)));
    too_much[1] = std::byte{0x31};
    CHECK(write_attribute(tape, too_much).sense == sense::insufficient_resources);
    tape.cartridge.write_protected = true;
    CHECK(write_attribute(tape, bytes({0x10, 0x30, 0x00, 0, 0})).sense == sense::write_protected);
}

TEST_CASE("nothing is told or written without a medium") {
    Tape tape;
    tape.send({0x1b, 0, 0, 0, 0, 0});
    CHECK(read_attribute(tape, 0).sense == sense::medium_not_present);
    CHECK(write_attribute(tape, bytes({0x08, 0x05, 0x00, 0, 1, 7})).sense == sense::medium_not_present);
}
