// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/unsynchronized_ranges.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using devices::UnsynchronizedRanges;

namespace {
constexpr ByteCount size{1 << 20};
constexpr ByteCount page{4096};
}  // namespace

TEST_CASE("a flush that succeeds makes everything safe") {
    UnsynchronizedRanges ranges(size);
    ranges.written(ByteOffset{0}, page);
    ranges.flush_begins();
    CHECK(ranges.flush_succeeded());
    CHECK_FALSE(ranges.anything_lost());
}

TEST_CASE("what a failed flush may have lost is not safe until it was written again and flushed") {
    UnsynchronizedRanges ranges(size);
    ranges.written(ByteOffset{8192}, page);
    ranges.flush_begins();
    ranges.flush_failed();
    CHECK(ranges.anything_lost());
    ranges.flush_begins();
    CHECK_FALSE(ranges.flush_succeeded());
    ranges.written(ByteOffset{8192}, page);
    ranges.flush_begins();
    CHECK(ranges.flush_succeeded());
}

TEST_CASE("half of it written again is not enough") {
    UnsynchronizedRanges ranges(size);
    ranges.written(ByteOffset{0}, ByteCount{8192});
    ranges.flush_begins();
    ranges.flush_failed();
    ranges.written(ByteOffset{0}, page);
    ranges.flush_begins();
    CHECK_FALSE(ranges.flush_succeeded());
    ranges.written(ByteOffset{4096}, page);
    ranges.flush_begins();
    CHECK(ranges.flush_succeeded());
}

TEST_CASE("what was written while a flush ran and failed may be lost too") {
    UnsynchronizedRanges ranges(size);
    ranges.flush_begins();
    ranges.written(ByteOffset{0}, page);
    ranges.flush_failed();
    CHECK(ranges.anything_lost());
}

TEST_CASE("a failed flush with nothing written loses nothing") {
    UnsynchronizedRanges ranges(size);
    ranges.flush_begins();
    ranges.flush_failed();
    CHECK_FALSE(ranges.anything_lost());
}

TEST_CASE("what was lost is remembered when the size changes") {
    UnsynchronizedRanges ranges(size);
    ranges.written(ByteOffset{0}, page);
    ranges.flush_begins();
    ranges.flush_failed();
    ranges.resize(ByteCount{1ull << 40});
    CHECK(ranges.anything_lost());
}
