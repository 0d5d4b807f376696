// SPDX-License-Identifier: Apache-2.0
// Which files can be a LUN, and what is said of those that cannot.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::string refusal(const OpenRequest& request) {
    const auto checked = module("file").check(request);
    const auto opened = module("file").open(request);
    REQUIRE_FALSE(opened);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().text == opened.error().text);
    return opened.error().text;
}

fs::path sparse(const TemporaryDirectory& directory, std::uint64_t size) {
    const auto path = directory.path() / "disk";
    std::ofstream(path).flush();
    fs::resize_file(path, size);
    return path;
}

}  // namespace

TEST_CASE("a missing file is refused, and not made") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "disk";
    CHECK_THAT(refusal(request(path, mib)), Contains("create=on makes a missing file"));
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("create=on makes a sparse file of the LUN's size; check makes nothing") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "disk";
    CHECK(module("file").check(request(path, mib, {{"create", "on"}})));
    CHECK_FALSE(fs::exists(path));
    Opened file("file", request(path, mib, {{"create", "on"}}));
    CHECK(fs::file_size(path) == mib);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(status.st_blocks < 16);
}

TEST_CASE("prealloc=on allocates all of it and promises no thin provisioning") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "disk";
    Opened file("file", request(path, mib, {{"create", "on"}, {"prealloc", "on"}}));
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(static_cast<std::uint64_t>(status.st_blocks) * 512 >= mib);
    CHECK_FALSE(file->traits().unmap);
}

TEST_CASE("a directory, a relative path and no path are refused") {
    const TemporaryDirectory directory;
    CHECK_THAT(refusal(request(directory.path(), mib)), Contains("is a directory"));
    CHECK_THAT(refusal(request("disk", mib)), Contains("no absolute path"));
    CHECK_THAT(refusal(request("", mib)), Contains("no absolute path"));
}

TEST_CASE("a file that is smaller than the LUN is refused, with both sizes") {
    const TemporaryDirectory directory;
    const auto path = sparse(directory, mib - 1);
    CHECK_THAT(refusal(request(path, mib)), Contains("has 1048575 bytes") && Contains("needs 1048576"));
}

TEST_CASE("a check that does not know the LUN's size refuses an empty file, and no other") {
    const TemporaryDirectory directory;
    const auto empty = module("file").check(request(sparse(directory, 0), 0));
    REQUIRE_FALSE(empty);
    CHECK_THAT(empty.error().text, Contains("is empty"));
    CHECK(module("file").check(request(sparse(directory, 512), 0)));
}

TEST_CASE("a file that is served cannot be served again, unless both only read") {
    const TemporaryDirectory directory;
    const auto path = sparse(directory, mib);
    {
        Opened first("file", request(path, mib));
        CHECK_THAT(refusal(request(path, mib)), Contains("lock"));
        CHECK_THAT(refusal(request(path, mib, {{"readonly", "on"}})), Contains("lock"));
    }
    Opened reader("file", request(path, mib, {{"readonly", "on"}}));
    Opened another("file", request(path, mib, {{"readonly", "on"}}));
    CHECK(reader->traits().read_only);
}

TEST_CASE("an image where raw blocks are meant is refused by its format's name") {
    const TemporaryDirectory directory;
    const auto path = sparse(directory, mib);
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
        << "QFI\xfb" << '\0' << '\0' << '\0' << '\3';
    auto as_qcow = request(path, mib);
    as_qcow.subtype = "qcow";
    CHECK_THAT(refusal(as_qcow), Contains("qcow"));
}
