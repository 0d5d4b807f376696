// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/bytes.hpp"

#include <array>

#include <catch2/catch.hpp>

using namespace tcmud::scsi;

TEST_CASE("numbers in CDBs and parameter data are big-endian") {
    const std::array bytes{std::byte{0x01}, std::byte{0x02}, std::byte{0x03}, std::byte{0x04},
                           std::byte{0x05}, std::byte{0x06}, std::byte{0x07}, std::byte{0x08}};
    CHECK(get_8(bytes, 7) == 0x08);
    CHECK(get_16(bytes, 1) == 0x0203);
    CHECK(get_24(bytes, 0) == 0x010203);
    CHECK(get_32(bytes, 4) == 0x05060708);
    CHECK(get_64(bytes, 0) == 0x0102030405060708);
}

TEST_CASE("what is put is what is got, and neighbours stay") {
    std::array<std::byte, 6> bytes{};
    put_big_endian<4>(bytes, 1, 0xfedcba98);
    CHECK(get_32(bytes, 1) == 0xfedcba98);
    CHECK(get_8(bytes, 0) == 0);
    CHECK(get_8(bytes, 5) == 0);
}

TEST_CASE("a writer appends fields one behind the other") {
    Writer writer;
    writer.u8(1).u16(2).u24(3).u32(4).u64(5).zeros(2).text("ab");
    const auto bytes = writer.view();
    REQUIRE(bytes.size() == 22);
    CHECK(get_16(bytes, 1) == 2);
    CHECK(get_24(bytes, 3) == 3);
    CHECK(get_32(bytes, 6) == 4);
    CHECK(get_64(bytes, 10) == 5);
    CHECK(get_16(bytes, 18) == 0);
    CHECK(get_8(bytes, 20) == 'a');
}

TEST_CASE("text is cut or filled with spaces to its field") {
    Writer writer;
    writer.padded_text("ab", 4).padded_text("abcdef", 4);
    const auto* text = reinterpret_cast<const char*>(writer.view().data());
    CHECK(std::string_view(text, writer.size()) == "ab  abcd");
}
