// SPDX-License-Identifier: Apache-2.0
#include "tcmud/buffers.hpp"

#include <array>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using namespace tcmud;

namespace {

// "abc", "", "defg", "h" as four pieces of memory that do not touch.
struct Scattered {
    std::string first = "abc";
    std::string second = "defg";
    std::string third = "h";
    std::array<iovec, 4> pieces{iovec{first.data(), 3}, iovec{nullptr, 0}, iovec{second.data(), 4},
                                iovec{third.data(), 1}};
    std::string text() const { return first + "|" + second + "|" + third; }
};

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(Buffers from, std::uint64_t skip, std::size_t length) {
    std::string into(length, '.');
    const auto copied = copy_from(from, ByteCount{skip}, std::as_writable_bytes(std::span(into)));
    return into + " " + std::to_string(raw(copied));
}

}  // namespace

TEST_CASE("scattered memory is as long as its pieces together") {
    Scattered memory;
    CHECK(total(memory.pieces) == ByteCount{8});
    CHECK(total({}) == ByteCount{0});
}

TEST_CASE("scattered memory of more than 4 GiB has its length") {
    const std::array<iovec, 2> pieces{iovec{nullptr, 0xffff'ffff}, iovec{nullptr, 0xffff'ffff}};
    CHECK(total(pieces) == ByteCount{0x1'ffff'fffe});
}

TEST_CASE("reading goes on from piece to piece") {
    Scattered memory;
    CHECK(text_of(memory.pieces, 0, 8) == "abcdefgh 8");
    CHECK(text_of(memory.pieces, 2, 3) == "cde 3");
    CHECK(text_of(memory.pieces, 3, 4) == "defg 4");
    CHECK(text_of(memory.pieces, 7, 1) == "h 1");
    CHECK(text_of(memory.pieces, 1, 0) == " 0");
}

TEST_CASE("what lies behind the end is not read, and its bytes are not counted") {
    Scattered memory;
    CHECK(text_of(memory.pieces, 6, 4) == "gh.. 2");
    CHECK(text_of(memory.pieces, 8, 2) == ".. 0");
    CHECK(text_of(memory.pieces, std::numeric_limits<std::uint64_t>::max(), 2) == ".. 0");
    CHECK(text_of({}, 0, 2) == ".. 0");
}

TEST_CASE("writing goes on from piece to piece and ends with the memory") {
    Scattered memory;
    CHECK(copy_to(memory.pieces, ByteCount{2}, bytes("XYZ")) == ByteCount{3});
    CHECK(memory.text() == "abX|YZfg|h");
    CHECK(copy_to(memory.pieces, ByteCount{6}, bytes("1234")) == ByteCount{2});
    CHECK(memory.text() == "abX|YZf1|2");
    CHECK(copy_to(memory.pieces, ByteCount{8}, bytes("no")) == ByteCount{0});
    CHECK(copy_to(memory.pieces, ByteCount{0}, {}) == ByteCount{0});
    CHECK(memory.text() == "abX|YZf1|2");
}

TEST_CASE("zeros fill what they were asked to, and no more") {
    Scattered memory;
    fill_zero(memory.pieces, ByteCount{2}, ByteCount{3});
    CHECK(memory.text() == std::string("ab\0|\0\0fg|h", 10));
    fill_zero(memory.pieces, ByteCount{7}, ByteCount{std::numeric_limits<std::uint64_t>::max()});
    CHECK(memory.third == std::string(1, '\0'));
    CHECK(memory.second == std::string("\0\0fg", 4));
}

TEST_CASE("a slice is the same memory, without empty pieces") {
    Scattered memory;
    const auto part = slice(memory.pieces, ByteCount{2}, ByteCount{3});
    REQUIRE(part.size() == 2);
    CHECK(part[0].iov_base == memory.first.data() + 2);
    CHECK(part[0].iov_len == 1);
    CHECK(part[1].iov_base == memory.second.data());
    CHECK(part[1].iov_len == 2);
}

TEST_CASE("a slice ends where the memory ends") {
    Scattered memory;
    CHECK(total(slice(memory.pieces, ByteCount{5}, ByteCount{100})) == ByteCount{3});
    CHECK(slice(memory.pieces, ByteCount{8}, ByteCount{1}).empty());
    CHECK(slice(memory.pieces, ByteCount{0}, ByteCount{0}).empty());
}
