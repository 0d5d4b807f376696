// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/record.hpp"

#include <catch2/catch.hpp>

#include "handler/backends/tape/image/bytes.hpp"
#include "handler/backends/tape/image/crc32c.hpp"

using namespace tcmud::tape;

namespace {

const Record sample_record{.type = RecordType::block,
                           .compression = Compression::zstd,
                           .encrypted = true,
                           .pass = 0x01020304,
                           .previous = 0x11121314,
                           .object = 0x2122232425262728,
                           .file = 0x3132333435363738,
                           .synchronized = 0x4142434445464748,
                           .logical_length = 0x01525354,
                           .stored_length = 0x01626364,
                           .logical_crc = 0x71727374,
                           .stored_crc = 0x81828384};

}  // namespace

TEST_CASE("record: a header has the bytes of docs/tape-image.md") {
    RecordHeader header{};
    const auto checksum = encode(sample_record, header);
    const std::array<std::uint8_t, 60> expected{
        'T',  'C',  'R',  '1',                           // magic
        1,                                               // a block
        0x81,                                            // encrypted, compressed by zstd
        0,    0,                                         //
        4,    3,    2,    1,                             // pass
        0x14, 0x13, 0x12, 0x11,                          // checksum of the header before
        0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,  // object
        0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31,  // file
        0x48, 0x47, 0x46, 0x45, 0x44, 0x43, 0x42, 0x41,  // synchronized
        0x54, 0x53, 0x52, 0x01,                          // length of the block
        0x64, 0x63, 0x62, 0x01,                          // of what is stored
        0x74, 0x73, 0x72, 0x71,                          // checksum of the block
        0x84, 0x83, 0x82, 0x81,                          // of what is stored
        0,    0,    0,    0};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(i);
        CHECK(header[i] == std::byte{expected[i]});
    }
    CHECK(checksum == crc32c(std::span(header).first(60)));
    CHECK(checksum_of(header) == checksum);
    CHECK(decode(header) == sample_record);
}

TEST_CASE("record: a header with any bit changed is none") {
    RecordHeader header{};
    encode(sample_record, header);
    for (std::size_t bit = 0; bit < 8 * header.size(); ++bit) {
        auto changed = header;
        changed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        CAPTURE(bit);
        CHECK_FALSE(decode(changed));
    }
}

TEST_CASE("record: what makes no sense is none, whatever its checksum") {
    RecordHeader header{};
    SECTION("an unknown type") {
        auto record = sample_record;
        record.type = static_cast<RecordType>(3);
        encode(record, header);
    }
    SECTION("an unknown compression") {
        auto record = sample_record;
        record.compression = static_cast<Compression>(2);
        encode(record, header);
    }
    SECTION("a filemark with data") {
        auto record = sample_record;
        record.type = RecordType::filemark;
        encode(record, header);
    }
    SECTION("a block that is stored as it is, at another length") {
        auto record = sample_record;
        record.compression = Compression::none;
        record.encrypted = false;
        encode(record, header);
    }
    CHECK_FALSE(decode(header));
}

TEST_CASE("record: records begin at multiples of eight bytes") {
    CHECK(record_size(0) == 64);
    CHECK(record_size(1) == 72);
    CHECK(record_size(8) == 72);
    CHECK(record_size(9) == 80);
    CHECK(padding_of(9) == 7);
}
