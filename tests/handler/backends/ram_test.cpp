// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("ram: memory is stable as soon as it is written, there is no cache to flush") {
    Opened ram("ram", request("", 1 << 20));
    CHECK_FALSE(ram->traits().volatile_cache);
}

TEST_CASE("ram: a larger size keeps what there is") {
    Opened ram("ram", request("", 8192));
    ram.write(0, pattern(8192, 1));
    REQUIRE(ram->resize(ByteCount{65536}));
    CHECK(ram.read(0, 8192) == pattern(8192, 1));
    CHECK(ram.read(8192, 57344) == std::vector<std::byte>(57344));
}

TEST_CASE("ram: more than a machine can address is refused, with the number of bytes") {
    const auto opened = module("ram").open(request("", 1ull << 62));
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().text, Catch::Contains("4611686018427387904"));
}
