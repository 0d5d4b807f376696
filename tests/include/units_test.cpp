// SPDX-License-Identifier: Apache-2.0
#include "tcmud/units.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace tcmud;

namespace {

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

template <class A, class B>
concept Addable = requires(A a, B b) {
    a + b;
};
template <class A, class B>
concept Multipliable = requires(A a, B b) {
    a* b;
};

}  // namespace

TEST_CASE("blocks become bytes through a block size, and by no other way") {
    CHECK(Lba{3} * BlockSize{512} == ByteOffset{1536});
    CHECK(BlockCount{3} * BlockSize{4096} == ByteCount{12288});
    STATIC_REQUIRE_FALSE(Addable<Lba, ByteCount>);
    STATIC_REQUIRE_FALSE(Addable<ByteOffset, BlockCount>);
    STATIC_REQUIRE_FALSE(Addable<Lba, Lba>);
    STATIC_REQUIRE_FALSE(Multipliable<Lba, std::uint64_t>);
}

TEST_CASE("a product beyond 32 bits is whole") {
    CHECK(Lba{0xffff'ffff} * BlockSize{4096} == ByteOffset{0xfff'ffff'f000});
    CHECK(BlockCount{0xffff'ffff} * BlockSize{512} == ByteCount{0x1ff'ffff'fe00});
}

TEST_CASE("bytes that are no whole block are no block") {
    CHECK(ByteCount{511} / BlockSize{512} == BlockCount{0});
    CHECK(ByteCount{512} / BlockSize{512} == BlockCount{1});
    CHECK(ByteCount{1023} / BlockSize{512} == BlockCount{1});
    CHECK(ByteCount{largest} / BlockSize{1} == BlockCount{largest});
}

TEST_CASE("positions and lengths add up") {
    CHECK(Lba{5} + BlockCount{3} == Lba{8});
    CHECK(Lba{8} - Lba{5} == BlockCount{3});
    CHECK(ByteOffset{5} + ByteCount{3} == ByteOffset{8});
    CHECK(ByteOffset{8} - ByteOffset{5} == ByteCount{3});
    CHECK(ByteCount{5} + ByteCount{3} == ByteCount{8});
    CHECK(ByteCount{5} - ByteCount{3} == ByteCount{2});
}

TEST_CASE("a range fits if it ends at the capacity or before") {
    CHECK(fits(Lba{0}, BlockCount{100}, BlockCount{100}));
    CHECK(fits(Lba{99}, BlockCount{1}, BlockCount{100}));
    CHECK_FALSE(fits(Lba{99}, BlockCount{2}, BlockCount{100}));
    CHECK_FALSE(fits(Lba{0}, BlockCount{101}, BlockCount{100}));
    CHECK_FALSE(fits(Lba{100}, BlockCount{1}, BlockCount{100}));
}

TEST_CASE("a range of no blocks fits up to the capacity, not behind it") {
    CHECK(fits(Lba{100}, BlockCount{0}, BlockCount{100}));
    CHECK_FALSE(fits(Lba{101}, BlockCount{0}, BlockCount{100}));
    CHECK(fits(Lba{0}, BlockCount{0}, BlockCount{0}));
}

TEST_CASE("a range whose end is beyond 64 bits does not fit") {
    CHECK_FALSE(fits(Lba{largest}, BlockCount{2}, BlockCount{100}));
    CHECK_FALSE(fits(Lba{1}, BlockCount{largest}, BlockCount{100}));
    CHECK_FALSE(fits(Lba{largest}, BlockCount{largest}, BlockCount{100}));
    CHECK_FALSE(fits(Lba{1}, BlockCount{largest}, BlockCount{largest}));
    CHECK(fits(Lba{1}, BlockCount{largest - 1}, BlockCount{largest}));
    CHECK_FALSE(fits(ByteOffset{largest}, ByteCount{2}, ByteCount{100}));
    CHECK(fits(ByteOffset{0}, ByteCount{largest}, ByteCount{largest}));
}
