// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/geometry.hpp"

#include <cerrno>

#include <catch2/catch.hpp>

using namespace tcmud;
using Catch::Matchers::Contains;
using tcmud::daemon::check_geometry;

TEST_CASE("a disk has blocks of 512 to 65536 bytes, a power of two") {
    for (std::uint32_t block = 512; block <= 65536; block *= 2)
        CHECK(check_geometry(ByteCount{1 << 20}, {block}));
    for (const std::uint32_t block : {0u, 1u, 256u, 520u, 4095u, 131072u, 0x80000000u}) {
        const auto checked = check_geometry(ByteCount{1 << 20}, {block});
        REQUIRE_FALSE(checked);
        CHECK(checked.error().number == EINVAL);
        CHECK_THAT(checked.error().text, Contains("the block size is " + std::to_string(block)));
    }
}

TEST_CASE("a disk's size is a multiple of its blocks, and not nothing") {
    CHECK(check_geometry(ByteCount{512}, {512}));
    CHECK(check_geometry(ByteCount{0xffff'ffff'ffff'fe00}, {512}));
    CHECK_THAT(check_geometry(ByteCount{0}, {512}).error().text, Contains("set dev_size"));
    CHECK_THAT(check_geometry(ByteCount{513}, {512}).error().text, Contains("513") && Contains("512"));
    CHECK_FALSE(check_geometry(ByteCount{4096 + 512}, {4096}));
}
