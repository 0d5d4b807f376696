// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

std::uint64_t allocated(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

}  // namespace

TEST_CASE("file: what is written is in the file at its offset") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "disk";
    Opened file("file", request(path, mib, {{"create", "on"}}));
    const auto data = pattern(1024, 9);
    file.write(4096, data, Stable::yes);
    std::ifstream stream(path, std::ios::binary);
    stream.seekg(4096);
    std::vector<char> bytes(1024);
    stream.read(bytes.data(), 1024);
    CHECK(std::ranges::equal(std::as_bytes(std::span(bytes)), data));
}

TEST_CASE("file: unmapping gives space back") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "disk";
    Opened file("file", request(path, mib, {{"create", "on"}}));
    file.write(0, pattern(mib, 1), Stable::yes);
    const auto before = allocated(path);
    CHECK(file.unmap(0, mib).status == IoStatus::ok);
    CHECK(allocated(path) + mib / 2 < before);
    CHECK(std::filesystem::file_size(path) == mib);
}

TEST_CASE("file: reading beyond a file that shrank tells where it ended") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "disk";
    Opened file("file", request(path, mib, {{"create", "on"}}));
    std::filesystem::resize_file(path, 1024);
    std::vector<std::byte> bytes(4096);
    const auto result = file.read(0, std::span(bytes));
    CHECK((result.status != IoStatus::ok || result.bytes == 1024));
}

TEST_CASE("file: it cannot grow beyond its file") {
    const TemporaryDirectory directory;
    Opened file("file", request(directory.path() / "disk", mib, {{"create", "on"}}));
    const auto grown = file->resize(ByteCount{2 * mib});
    REQUIRE_FALSE(grown);
    CHECK_THAT(grown.error().text, Catch::Contains("enlarge the file first"));
    std::filesystem::resize_file(directory.path() / "disk", 2 * mib);
    CHECK(file->resize(ByteCount{2 * mib}));
}
