// SPDX-License-Identifier: Apache-2.0
// What a power failure leaves: everything that was synchronized, and of the rest any of its bytes.
#include "handler/backends/tape/image/recovery.hpp"

#include <algorithm>
#include <filesystem>
#include <random>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace fs = std::filesystem;

namespace {

constexpr unsigned synchronized_blocks = 3;
constexpr unsigned all_blocks = 6;

Bytes nth(unsigned i) {
    return block(40 + i * 3, i);
}

// A tape whose first blocks are safe.
void write_tape(const fs::path& path, bool with_index) {
    auto partition = open_partition(path);
    for (unsigned i = 0; i < synchronized_blocks; ++i) append(partition, nth(i));
    need(with_index ? partition.settle() : partition.synchronize());
    for (unsigned i = synchronized_blocks; i < all_blocks; ++i) append(partition, nth(i));
}

// How many blocks there are; that they are the right ones was checked, and that writing goes on behind them.
unsigned blocks_of(const fs::path& path) {
    std::uint64_t count = 0;
    {
        auto partition = open_partition(path);
        count = partition.tail().object;
        for (unsigned i = 0; i < count; ++i)
            if (read(partition, i) != nth(i)) throw std::runtime_error("another block");
        append(partition, block(50, 99));
    }
    auto partition = open_partition(path);
    if (partition.tail().object != count + 1 || read(partition, count) != block(50, 99))
        throw std::runtime_error("what was written then is not there");
    return static_cast<unsigned>(count);
}

std::size_t synchronized_size() {
    std::size_t size = segment_header_size;
    for (unsigned i = 0; i < synchronized_blocks; ++i) size += record_size(nth(i).size());
    return size;
}

}  // namespace

TEST_CASE("recovery: a file that ends at any byte has all blocks before it") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    const bool with_index = GENERATE(true, false);
    write_tape(path, with_index);
    const auto all = content(path / "00000000.seg");
    const auto index = content(path / "index");
    auto whole_until = synchronized_size();
    unsigned expected = synchronized_blocks;
    for (auto size = synchronized_size(); size <= all.size(); ++size) {
        if (expected < all_blocks && size == whole_until + record_size(nth(expected).size())) {
            whole_until = size;
            ++expected;
        }
        CAPTURE(size);
        set_content(path / "00000000.seg", std::span(all).first(size));
        set_content(path / "index", index);
        REQUIRE(blocks_of(path) == expected);
    }
    CHECK(expected == all_blocks);
}

TEST_CASE("recovery: a page that never arrived ends the tape before it, whatever came behind") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    write_tape(path, GENERATE(true, false));
    const auto all = content(path / "00000000.seg");
    const auto index = content(path / "index");
    const std::size_t length = GENERATE(8u, 64u, 100000u);
    for (auto begin = synchronized_size(); begin < all.size(); ++begin) {
        auto torn = all;
        std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(begin), std::min(length, torn.size() - begin),
                    std::byte{0});
        set_content(path / "00000000.seg", torn);
        set_content(path / "index", index);
        CAPTURE(begin);
        REQUIRE(blocks_of(path) >= synchronized_blocks);
    }
}

TEST_CASE("recovery: what is cut away is reported") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    write_tape(path, true);
    auto all = content(path / "00000000.seg");
    const auto last = record_size(nth(all_blocks - 1).size());
    SECTION("a record that is not whole") {
        all.resize(all.size() - 20);
        set_content(path / "00000000.seg", all);
        const auto partition = open_partition(path);
        CHECK(partition.recovered().torn_bytes == last - 20);
        CHECK(partition.recovered().torn_records == 0);
        CHECK(partition.recovered().records == 2);
    }
    SECTION("a header without its data") {
        all[all.size() - 30] ^= std::byte{1};
        set_content(path / "00000000.seg", all);
        const auto partition = open_partition(path);
        CHECK(partition.recovered().torn_bytes == last);
        CHECK(partition.recovered().torn_records == 1);
        CHECK(partition.tail().object == all_blocks - 1);
    }
}

TEST_CASE("recovery: damage to what was synchronized is no torn write, and nothing behind it is lost") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    write_tape(path, false);  // Without an index all records are looked at.
    auto all = content(path / "00000000.seg");
    all[segment_header_size + 70] ^= std::byte{1};
    set_content(path / "00000000.seg", all);
    auto partition = open_partition(path);
    CHECK(partition.tail().object == all_blocks);
    CHECK(read(partition, 0).empty());
    CHECK(read(partition, 1) == nth(1));
}

TEST_CASE("recovery: records of an older pass behind an overwrite are never its continuation") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    const auto segment = path / "00000000.seg";
    constexpr unsigned kept = 2;
    constexpr std::size_t size = 100;  // The same for all, so that old records lie where new ones would.
    const auto old_block = [](unsigned i) { return block(size, i); };
    const auto new_block = [](unsigned i) { return block(size, i < kept ? i : 50 + i); };
    {
        auto partition = open_partition(path);
        for (unsigned i = 0; i < all_blocks; ++i) append(partition, old_block(i));
        need(partition.settle());
    }
    const auto old_bytes = content(segment);
    {
        auto partition = open_partition(path);
        need(partition.cut(kept));
        for (unsigned i = kept; i < all_blocks; ++i) append(partition, new_block(i));
    }
    const auto new_bytes = content(segment);
    const auto index = content(path / "index");
    REQUIRE(old_bytes.size() == new_bytes.size());

    // Every sector, or every few bytes, is what it was or what it was to be.
    const std::size_t unit = GENERATE(8u, 64u, 512u);
    std::mt19937 chance(1);
    for (int round = 0; round < 200; ++round) {
        auto mixed = new_bytes;
        for (std::size_t at = segment_header_size; at < mixed.size(); at += unit) {
            if (chance() % 4 != 0) continue;
            const auto end = std::min(at + unit, mixed.size());
            std::copy(old_bytes.begin() + static_cast<std::ptrdiff_t>(at),
                      old_bytes.begin() + static_cast<std::ptrdiff_t>(end),
                      mixed.begin() + static_cast<std::ptrdiff_t>(at));
        }
        set_content(segment, mixed);
        set_content(path / "index", index);
        auto partition = open_partition(path);
        const auto count = partition.tail().object;
        CAPTURE(unit, round, count);
        REQUIRE(count >= kept);
        bool all_old = true;
        bool all_new = true;
        for (unsigned i = kept; i < count; ++i) {
            all_old = all_old && read(partition, i) == old_block(i);
            all_new = all_new && read(partition, i) == new_block(i);
        }
        REQUIRE((all_old || all_new));
    }
}

TEST_CASE("recovery: files that a cut did not reach before the power failed are no continuation") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    {
        auto partition = open_partition(path, 1000);
        for (unsigned i = 0; i < 10; ++i) append(partition, block(400, i));
        need(partition.settle());
    }
    const auto third = content(path / "00000002.seg");
    const auto fourth = content(path / "00000003.seg");
    {
        auto partition = open_partition(path, 1000);
        need(partition.cut(3));
        append(partition, block(400, 30));
    }
    set_content(path / "00000002.seg", third);
    set_content(path / "00000003.seg", fourth);
    auto partition = open_partition(path, 1000);
    CHECK(partition.tail().object == 4);
    CHECK(partition.recovered().torn_bytes == third.size() + fourth.size());
    append(partition, block(400, 31));
    CHECK_FALSE(fs::exists(path / "00000003.seg"));
    CHECK(read(partition, 3) == block(400, 30));
    CHECK(read(partition, 4) == block(400, 31));
}

TEST_CASE("recovery: a tail that lies elsewhere is not believed") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    write_tape(path, true);
    auto partition = open_partition(path);
    Segments segments(path.string(), identity, false);
    auto tail = partition.tail();
    CHECK_FALSE(lies_there(segments, tail));
    segments.set_starts({{0, 0, 0, first_checksum(identity)}});
    CHECK(lies_there(segments, tail));
    tail.checksum ^= 1;
    CHECK_FALSE(lies_there(segments, tail));
}
