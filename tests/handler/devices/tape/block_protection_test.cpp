// SPDX-License-Identifier: Apache-2.0
// Logical block protection: the checksum, and what READ and WRITE do with it.
#include "handler/devices/tape/block_protection.hpp"

#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

std::uint32_t crc_of(Bytes data) {
    const iovec piece{data.data(), data.size()};
    return devices::crc32c({&piece, 1}, ByteCount{0}, ByteCount{data.size()});
}
Bytes with_crc(Bytes data) {
    const auto crc = crc_of(data);
    for (unsigned i = 0; i < 4; ++i) data.push_back(static_cast<std::byte>(crc >> 8 * i & 0xff));
    return data;
}
// Control data protection: method, information length, LBP_W and LBP_R.
Answer protect(Tape& tape, unsigned method, unsigned length, unsigned flags) {
    auto list = bytes({0, 0, 0x10, 0, 0x4a, 0xf0, 0, 0x1c, method, length, flags});
    list.resize(4 + 4 + 0x1c);
    return tape.send({0x15, 0x10, 0, 0, 36, 0}, list);
}

}  // namespace

TEST_CASE("CRC-32C of what RFC 3720 B.4 gives") {
    CHECK(crc_of(filled(32, 0x00)) == 0x8a9136aa);
    CHECK(crc_of(filled(32, 0xff)) == 0x62a8ab43);
    Bytes ascending;
    for (unsigned i = 0; i < 32; ++i) ascending.push_back(static_cast<std::byte>(i));
    CHECK(crc_of(ascending) == 0x46dd794e);
    CHECK(crc_of(bytes({'1', '2', '3', '4', '5', '6', '7', '8', '9'})) == 0xe3069283);
}

TEST_CASE("a checksum does not depend on how the data is cut") {
    auto data = filled(1000, 0x3c);
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 7);
    const iovec pieces[]{{data.data(), 1}, {data.data() + 1, 13}, {data.data() + 14, data.size() - 14}};
    CHECK(devices::crc32c(pieces, ByteCount{0}, ByteCount{1000}) == crc_of(data));
    CHECK(devices::crc32c(pieces, ByteCount{5}, ByteCount{100}) ==
          crc_of({data.begin() + 5, data.begin() + 105}));
}

TEST_CASE("WRITE checks what stands behind the block, and stores the block without it") {
    Tape tape;
    REQUIRE(good(protect(tape, 2, 4, 0x80)));
    CHECK(good(tape.send({0x0a, 0, 0, 0, 104, 0}, with_crc(filled(100, 5)))));
    CHECK(tape.cartridge.partitions[0].objects[0].data == filled(100, 5));
    auto wrong = with_crc(filled(100, 5));
    wrong[50] = std::byte{6};
    const auto refused = tape.send({0x0a, 0, 0, 0, 104, 0}, wrong);
    CHECK(refused.sense == scsi::sense::protection_check_failed.with_information(104));
    CHECK(tape.cartridge.partitions[0].objects.size() == 1);
    CHECK(tape.send({0x0a, 0, 0, 0, 4, 0}, filled(4, 0)).sense.asc == 0x24);
}

TEST_CASE("READ appends the checksum, which the length includes") {
    Tape tape;
    tape.write(100, 5);
    tape.write(100, 5);
    tape.rewind();
    REQUIRE(good(protect(tape, 2, 4, 0x40)));
    const auto answer = tape.read(104);
    CHECK(good(answer));
    CHECK(answer.data == with_crc(filled(100, 5)));
    CHECK(tape.read(100).sense == scsi::sense::wrong_length.with_information(std::uint32_t(-4)));
}

TEST_CASE("fixed blocks are protected one by one") {
    Tape tape;
    REQUIRE(good(protect(tape, 2, 4, 0xc0)));
    REQUIRE(good(tape.set_block_length(516)));
    auto data = with_crc(filled(512, 1));
    const auto second = with_crc(filled(512, 2));
    data.insert(data.end(), second.begin(), second.end());
    CHECK(good(tape.send({0x0a, 1, 0, 0, 2, 0}, data)));
    tape.rewind();
    const auto answer = tape.read_blocks(2, 516);
    CHECK(good(answer));
    CHECK(answer.data == data);
    data[600] = std::byte{9};
    CHECK(tape.send({0x0a, 1, 0, 0, 2, 0}, data).sense ==
          scsi::sense::protection_check_failed.with_information(1));
}

TEST_CASE("other methods are refused, and none is the end of it") {
    Tape tape;
    CHECK(protect(tape, 1, 4, 0xc0).sense.asc == 0x26);
    CHECK(protect(tape, 2, 8, 0xc0).sense.asc == 0x26);
    CHECK(protect(tape, 0, 4, 0x80).sense.asc == 0x26);
    CHECK(good(protect(tape, 2, 4, 0xc0)));
    CHECK(good(protect(tape, 0, 0, 0)));
    CHECK(good(tape.write(100)));
}
