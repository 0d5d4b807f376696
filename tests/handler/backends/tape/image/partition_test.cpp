// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/partition.hpp"

#include <chrono>
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

TEST_CASE("partition: blocks come back, in any order, from any number of files") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    const bool small_files = GENERATE(false, true);
    const std::uint64_t segment = small_files ? 5000 : std::uint64_t{1} << 30;
    auto partition = open_partition(path, segment);
    for (unsigned i = 0; i < 50; ++i) append(partition, block(i % 5 == 0 ? 700 + i : 512, i));
    append_filemark(partition);
    append(partition, block(9000, 99));  // More than a small file has.
    for (unsigned i = 50; i-- > 0;) {
        CAPTURE(i);
        CHECK(read(partition, i) == block(i % 5 == 0 ? 700 + i : 512, i));
    }
    CHECK(read(partition, 51) == block(9000, 99));
    CHECK(partition.index().filemark(0) == 50);
    CHECK(std::filesystem::exists(path / "00000005.seg") == small_files);

    SECTION("and after the process was killed") {
        auto again = open_partition(path, segment);
        CHECK(again.tail().object == 52);
        CHECK(again.recovered().torn_bytes == 0);
        CHECK(again.recovered().without_index);
        CHECK(read(again, 33) == block(512, 33));
    }
    SECTION("and after an orderly end, without looking at them") {
        need(partition.settle());
        auto again = open_partition(path, segment);
        CHECK(again.tail().object == 52);
        CHECK(again.recovered().records == 0);
        CHECK(read(again, 33) == block(512, 33));
        CHECK(read(again, 51) == block(9000, 99));
    }
}

TEST_CASE("partition: a block behind others of any length is fetched from a file of its own") {
    const TemporaryDirectory directory;
    auto partition = open_partition(directory.path() / "p0", 1000);
    for (unsigned i = 0; i < 20; ++i) append(partition, block(700 + i, i));
    for (unsigned i = 0; i < 20; ++i) CHECK(read(partition, i) == block(700 + i, i));
}

TEST_CASE("partition: what is written in the middle is the end") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    const auto segment = GENERATE(std::uint64_t{1} << 40, std::uint64_t{2000});
    const bool settled = GENERATE(true, false);
    auto partition = open_partition(path, segment);
    for (unsigned i = 0; i < 20; ++i) append(partition, block(512, i));
    if (settled) need(partition.settle());
    const auto pass = partition.tail().pass;
    need(partition.cut(7));
    append(partition, block(300, 77));
    CHECK(partition.tail().pass > pass);
    CHECK(partition.tail().object == 8);
    const bool orderly = GENERATE(true, false);
    if (orderly) need(partition.settle());
    auto again = open_partition(path, segment);
    CHECK(again.tail().object == 8);
    CHECK(read(again, 6) == block(512, 6));
    CHECK(read(again, 7) == block(300, 77));
    append(again, block(200, 78));
    CHECK(read(again, 8) == block(200, 78));
}

TEST_CASE("partition: a block that is damaged is known to be") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    {
        auto partition = open_partition(path);
        for (unsigned i = 0; i < 5; ++i) append(partition, block(512, i));
        need(partition.settle());
    }
    auto bytes = content(path / "00000000.seg");
    const auto second = segment_header_size + record_size(512);
    SECTION("its data") {
        bytes[second + 100] ^= std::byte{1};
    }
    SECTION("its header") {
        bytes[second + 20] ^= std::byte{1};
    }
    set_content(path / "00000000.seg", bytes);
    auto partition = open_partition(path);
    CHECK(partition.tail().object == 5);
    CHECK(read(partition, 0) == block(512, 0));
    CHECK(read(partition, 1).empty());
    CHECK(read(partition, 2) == block(512, 2));
}

TEST_CASE("partition: one that cannot be written is read") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    {
        auto partition = open_partition(path);
        append(partition, block(512, 1));
    }
    auto partition = open_partition(path, whole, false);
    CHECK(read(partition, 0) == block(512, 1));
    CHECK_FALSE(std::filesystem::exists(path / "index"));
    auto none = open_partition(directory.path() / "p1", whole, false);
    CHECK(none.tail().object == 0);
}

TEST_CASE("partition: an index that is lost or wrong is made again from the records") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    {
        auto partition = open_partition(path, 3000);
        for (unsigned i = 0; i < 20; ++i) append(partition, block(512, i));
        need(partition.settle());
    }
    SECTION("lost") {
        std::filesystem::remove(path / "index");
    }
    SECTION("another one's") {
        set_content(path / "index", block(1000, 5));
    }
    SECTION("of a tape that was longer") {
        const auto index = content(path / "index");
        auto partition = open_partition(path, 3000);
        need(partition.cut(5));
        append(partition, block(512, 6));
        set_content(path / "index", index);
    }
    auto partition = open_partition(path, 3000);
    CHECK(partition.recovered().without_index);
    CHECK(partition.tail().object >= 6);
    need(partition.settle());
    auto again = open_partition(path, 3000);
    CHECK_FALSE(again.recovered().without_index);
    CHECK(again.tail().object == partition.tail().object);
    CHECK(read(again, 4) == block(512, 4));
}

TEST_CASE("partition: the last pass that there can be is no reason to begin again at the first") {
    const TemporaryDirectory directory;
    auto partition =
        need(Partition::open((directory.path() / "p0").string(), identity, whole, UINT32_MAX - 1, true));
    append(partition, block(100, 1));
    CHECK(partition.tail().pass == UINT32_MAX);
    append(partition, block(100, 2));
    need(partition.cut(1));
    CHECK_FALSE(partition.make_ready(1000));
}

TEST_CASE("partition: a place among a million blocks is found in no time") {
    const TemporaryDirectory directory;
    auto partition = open_partition(directory.path() / "p0");
    RecordBatch batch;
    auto data = block(64, 1);
    const iovec piece{data.data(), data.size()};
    for (std::uint32_t i = 0; i < 1000000;) {
        need(partition.make_ready(1 << 20));
        batch.begin(partition.tail());
        // Of changing lengths, so that headers have to be read on the way.
        const auto length = 1 + i % 60;
        for (std::size_t n = 0; n < 100; ++n, ++i) batch.add_block({&piece, 1}, ByteCount{0}, length);
        need(partition.write(batch));
        if (i % 300 == 0) {
            batch.begin(partition.tail());
            batch.add_block({&piece, 1}, ByteCount{0}, 63);
            need(partition.write(batch));
        }
    }
    // A tenth of these is what it takes at most; a busy machine, and one that checks each access, is slower.
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t object = 3; object < 1000000; object += 9973) CHECK(partition.locate(object));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
    need(partition.settle());
    const auto before_opening = std::chrono::steady_clock::now();
    auto again = open_partition(directory.path() / "p0");
    CHECK(std::chrono::steady_clock::now() - before_opening < std::chrono::milliseconds(500));
    CHECK(again.recovered().records == 0);
}
