// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/text_file.hpp"

#include <cerrno>

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;
using Catch::Matchers::Contains;

TEST_CASE("a file is replaced, and nothing else is left") {
    const test::Machine machine;
    const auto path = machine.root() / "file";
    CHECK(replace_file(path, "first"));
    CHECK(replace_file(path, std::string(100000, 'x')));
    CHECK(read_file(path).value() == std::string(100000, 'x'));
    CHECK_FALSE(std::filesystem::exists(machine.root() / ".file"));
}

TEST_CASE("what fails names file, reason and the value that was to be written") {
    const test::Machine machine;
    const auto read = read_file(machine.root() / "no");
    REQUIRE_FALSE(read);
    CHECK(read.error().number == ENOENT);
    CHECK_THAT(read.error().text, Contains("/no: No such file"));
    const auto written = write_file("/dev/full", "3");
    REQUIRE_FALSE(written);
    CHECK(written.error().number == ENOSPC);
    CHECK(written.error().text == "cannot write '3' to /dev/full: No space left on device");
    CHECK_FALSE(replace_file(machine.root() / "no" / "file", "x"));
}
