// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/configfs_file.hpp"

#include <cerrno>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud::daemon;
namespace fs = std::filesystem;

TEST_CASE("an attribute reads as what was written to it") {
    const tcmud::test::TemporaryDirectory directory;
    const auto attribute = ConfigfsPath(directory.path()) / "enable";
    std::ofstream(attribute.path()) << "0\n";
    CHECK(has_attribute(attribute));
    REQUIRE(write_attribute(attribute, "1"));
    CHECK(read_attribute(attribute) == "1");
}

TEST_CASE("what is not there is an error with its path, and is not made") {
    const tcmud::test::TemporaryDirectory directory;
    const ConfigfsPath root(directory.path());
    for (const auto& missing : {root / "enable", root / "lun" / "enable"}) {
        CAPTURE(missing.path());
        CHECK_FALSE(has_attribute(missing));
        const auto read = read_attribute(missing);
        REQUIRE_FALSE(read);
        CHECK(read.error().number == ENOENT);
        CHECK_THAT(read.error().text, Catch::StartsWith(missing.path().string() + ": "));
        const auto written = write_attribute(missing, "1");
        REQUIRE_FALSE(written);
        CHECK(written.error().number == ENOENT);
        CHECK_THAT(written.error().text, Catch::StartsWith(missing.path().string() + ": cannot write '1': "));
        CHECK_FALSE(fs::exists(missing.path()));
    }
}

TEST_CASE("directories are listed by name, without files") {
    const tcmud::test::TemporaryDirectory directory;
    for (const auto* name : {"b", "c", "a"}) fs::create_directory(directory.path() / name);
    std::ofstream(directory.path() / "file") << "text";
    const ConfigfsPath root(directory.path());
    CHECK(subdirectories(root) == std::vector{root / "a", root / "b", root / "c"});
    CHECK(subdirectories(root / "missing").empty());
}
