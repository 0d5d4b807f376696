// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/segments.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

TEST_CASE("segments: a header tells whose it is and where it begins") {
    const SegmentHeader header{identity, 3, 7, {4096, 50, 2, 0x1234}};
    std::array<std::byte, segment_header_size> bytes{};
    encode(header, bytes);
    CHECK(decode_segment(bytes) == header);
    bytes[50] ^= std::byte{1};
    CHECK_FALSE(decode_segment(bytes));
}

TEST_CASE("segments: offsets are found in the files that have them") {
    const TemporaryDirectory directory;
    Segments segments(directory.path().string(), identity, true);
    need(segments.create_next({0, 0, 0, 1}, 1));
    need(segments.create_next({1000, 10, 1, 2}, 1));
    need(segments.create_next({5000, 20, 2, 3}, 1));
    CHECK(std::filesystem::exists(directory.path() / "00000002.seg"));
    CHECK(segments.segment_of(999) == 0);
    CHECK(segments.segment_of(1000) == 1);
    CHECK(segments.segment_of(9999) == 2);
    CHECK(segments.place_of(1, 1010) == 4106);
    const auto header = segments.header_of(1);
    REQUIRE(header);
    CHECK(header->start == SegmentStart{1000, 10, 1, 2});
    CHECK_FALSE(segments.header_of(3));

    need(segments.cut(1200));
    CHECK(segments.starts().size() == 2);
    CHECK_FALSE(std::filesystem::exists(directory.path() / "00000002.seg"));
    CHECK(segments.leftover(1000) == 0);
}

TEST_CASE("segments: a file in the place of another one is not read") {
    const TemporaryDirectory directory;
    Segments segments(directory.path().string(), identity, true);
    need(segments.create_next({0, 0, 0, 1}, 1));
    need(segments.create_next({1000, 10, 1, 2}, 1));
    std::filesystem::copy_file(directory.path() / "00000001.seg", directory.path() / "00000000.seg",
                               std::filesystem::copy_options::overwrite_existing);
    Segments others(directory.path().string(), identity, true);
    others.set_starts(segments.starts());
    const auto opened = others.open(0);
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().text, Catch::EndsWith("00000000.seg: is another one, or damaged"));
}

TEST_CASE("segments: a foreign beginning is not ours to overwrite") {
    const TemporaryDirectory directory;
    auto other = identity;
    other.uuid[0] = std::byte{1};
    need(Segments(directory.path().string(), other, true).create_next({0, 0, 0, 1}, 1));
    const auto checked = Segments(directory.path().string(), identity, true).check_first();
    REQUIRE_FALSE(checked);
    CHECK_THAT(checked.error().text, Catch::Contains("belongs to another cartridge, 01000000-"));
}
