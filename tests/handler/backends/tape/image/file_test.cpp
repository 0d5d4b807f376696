// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/file.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

TEST_CASE("cartridge files: more pieces than one call takes are written all the same") {
    const TemporaryDirectory directory;
    const auto path = (directory.path() / "file").string();
    const auto file = need(open_file(path, O_RDWR | O_CREAT));
    auto data = block(9000, 1);
    std::vector<iovec> pieces;
    for (std::size_t i = 0; i < 3000; ++i) pieces.push_back({data.data() + 3 * i, 3});
    need(write_at(file, 100, pieces));
    Bytes back(10000);
    CHECK(need(read_at(file, 100, back)) == 9000);
    back.resize(9000);
    CHECK(back == data);
    CHECK(need(size_of(file)) == 9100);
    need(set_size(file, 50));
    CHECK(need(size_of(file)) == 50);
}

TEST_CASE("cartridge files: a name is made stable in the directory that it lies in") {
    const TemporaryDirectory directory;
    const auto outer = directory.path() / "outer";
    std::filesystem::create_directories(outer / "inner");
    need(synchronize_name((outer / "inner/").string()));
    std::filesystem::remove_all(outer);
    CHECK(synchronize_name((outer / "inner/").string()).error().text ==
          outer.string() + ": No such file or directory");
    need(synchronize_name("a-name"));
}

TEST_CASE("cartridge files: an error names the file") {
    const auto missing = open_file("/nowhere/at/all", O_RDONLY);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().number == ENOENT);
    CHECK(missing.error().text == "/nowhere/at/all: No such file or directory");
}
