// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/crc32c.hpp"

#include <string_view>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

// A bit at a time, as the polynomial is defined.
std::uint32_t plain_crc(std::span<const std::byte> bytes) {
    std::uint32_t state = 0xffffffff;
    for (const auto byte : bytes) {
        state ^= static_cast<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit) state = (state & 1) != 0 ? (state >> 1) ^ 0x82f63b78 : state >> 1;
    }
    return ~state;
}

}  // namespace

TEST_CASE("crc32c: of the digits 1 to 9 it is E3069283h") {
    const std::string_view digits = "123456789";
    CHECK(crc32c(std::as_bytes(std::span(digits))) == 0xe3069283);
    CHECK(crc32c(std::span<const std::byte>{}) == 0);
}

TEST_CASE("crc32c: every way to compute it gives the same, for every length and alignment") {
    const auto bytes = block(60000, 3);
    const auto way = GENERATE(CrcWay::portable, CrcWay::by_instruction, CrcWay::by_products);
    // Not every machine has all of them.
    if (!crc32c(way, {})) return;
    for (const std::size_t size : {1u, 7u, 8u, 63u, 64u, 511u, 512u, 513u, 767u, 768u, 1000u, 4079u, 4080u,
                                   4096u, 8192u, 24575u, 24576u, 24577u, 59990u}) {
        for (const std::size_t at : {0u, 1u, 5u}) {
            const auto part = std::span(bytes).subspan(at, size);
            CAPTURE(size, at);
            CHECK(crc32c(part) == plain_crc(part));
            CHECK(crc32c(way, part) == plain_crc(part));
        }
    }
}

TEST_CASE("crc32c: of scattered memory it is that of its bytes in a row") {
    auto bytes = block(30000, 4);
    const iovec pieces[]{{bytes.data(), 13}, {bytes.data() + 13, 9987}, {bytes.data() + 10000, 20000}};
    CHECK(crc32c(pieces, ByteCount{5}, ByteCount{25000}) == plain_crc(std::span(bytes).subspan(5, 25000)));
}
