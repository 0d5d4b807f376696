// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/synchronized_paths.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::uint64_t allocated(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

}  // namespace

TEST_CASE("durability: with the first block of a partition the names of its file and directory are stable") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "cart";
    need(Cartridge::create(path.string(), {.barcode = "A", .capacity = ByteCount{10 << 20}}));
    CHECK(synchronized_paths().has(path));
    CHECK(synchronized_paths().has(directory.path()));
    auto cartridge = need(Cartridge::open(path.string(), Cartridge::Use::drive));
    need(cartridge.format({ByteCount{5 << 20}, ByteCount{5 << 20}}));
    synchronized_paths().clear();
    append(cartridge.partitions()[1], block(100, 0));
    CHECK(synchronized_paths().has(path / "p1"));
    CHECK(synchronized_paths().has(path));
    synchronized_paths().clear();
    append(cartridge.partitions()[1], block(100, 1));
    CHECK(synchronized_paths().empty());
}

TEST_CASE("durability: names that a killed process may have left unstable are made stable by the next") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "p0";
    {
        auto partition = open_partition(path);
        append(partition, block(100, 0));
    }
    synchronized_paths().clear();
    {
        auto partition = open_partition(path);
        CHECK(synchronized_paths().has(path));
        CHECK(synchronized_paths().has(directory.path()));
        need(partition.settle());
    }
    // The index tells of it now, and does so only of what is stable.
    synchronized_paths().clear();
    auto partition = open_partition(path);
    CHECK(synchronized_paths().empty());
}

TEST_CASE("durability: records tell what was on stable storage when they were written") {
    const TemporaryDirectory directory;
    auto partition = open_partition(directory.path() / "p0");
    append(partition, block(100, 0));
    append(partition, block(100, 1));
    need(partition.synchronize());
    append(partition, block(100, 2));
    Bytes stored;
    CHECK(need(partition.fetch(1, stored)).synchronized == 0);
    CHECK(need(partition.fetch(2, stored)).synchronized == 2);
    need(partition.cut(1));
    append(partition, block(100, 3));
    CHECK(need(partition.fetch(1, stored)).synchronized == 1);
}

TEST_CASE("durability: the index is kept every few megabytes and at the end, not at each filemark") {
    const TemporaryDirectory directory;
    auto partition = open_partition(directory.path() / "p0");
    append(partition, block(100, 0));
    need(partition.synchronize());
    CHECK_FALSE(std::filesystem::exists(directory.path() / "p0/index"));
    for (unsigned i = 0; i < 20; ++i) append(partition, block(mebibyte, i));
    need(partition.synchronize());
    const auto size = std::filesystem::file_size(directory.path() / "p0/index");
    append(partition, block(100, 0));
    need(partition.synchronize());
    CHECK(std::filesystem::file_size(directory.path() / "p0/index") == size);
    need(partition.settle());
    CHECK(std::filesystem::file_size(directory.path() / "p0/index") > size);
}

TEST_CASE("durability: space that was reserved ahead is given back") {
    const TemporaryDirectory directory;
    auto partition = open_partition(directory.path() / "p0");
    for (unsigned i = 0; i < 17; ++i) append(partition, block(mebibyte, i));
    REQUIRE(partition.wants_push());
    need(partition.push());
    CHECK_FALSE(partition.wants_push());
    const auto path = directory.path() / "p0/00000000.seg";
    const bool reserves = allocated(path) > 40 * mebibyte;
    need(partition.settle());
    CHECK(allocated(path) < 20 * mebibyte);
    append(partition, block(100, 99));
    CHECK(read(partition, 17) == block(100, 99));
    if (!reserves) WARN("this file system reserves no space");
}

TEST_CASE("durability: what a killed process wrote is made stable by the next") {
    const TemporaryDirectory directory;
    {
        auto partition = open_partition(directory.path() / "p0");
        append(partition, block(100, 0));
    }
    auto partition = open_partition(directory.path() / "p0");
    CHECK(partition.tail().synchronized == 0);
    need(partition.synchronize());
    CHECK(partition.tail().synchronized == 1);
}
