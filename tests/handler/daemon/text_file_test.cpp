// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/text_file.hpp"

#include <cerrno>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using tcmud::daemon::read_text_file;

TEST_CASE("a text file is read whole, however long") {
    const tcmud::test::TemporaryDirectory directory;
    const std::string text(10'000, 'x');
    std::ofstream(directory.path() / "file") << text << std::flush;
    const auto read = read_text_file(directory.path() / "file");
    REQUIRE(read);
    CHECK(*read == text);
}

TEST_CASE("a file that is missing is an error with its name") {
    const auto read = read_text_file("/nowhere/at/all");
    REQUIRE_FALSE(read);
    CHECK(read.error().number == ENOENT);
    CHECK_THAT(read.error().text, Catch::StartsWith("/nowhere/at/all: cannot read: "));
}

TEST_CASE("a file that opens and cannot be read is an error, not an exception") {
    const auto read = read_text_file("/");
    REQUIRE_FALSE(read);
    CHECK(read.error().number == EISDIR);
}
