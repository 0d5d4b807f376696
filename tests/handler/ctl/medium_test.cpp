// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/medium.hpp"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::ctl;

namespace {

std::string no_drive(std::string_view config) {
    const auto checked = check_drive("user_0/a", config);
    return checked ? "" : checked.error().text;
}

std::string no_library(std::string_view config) {
    const auto found = library_of("user_0/a", config);
    return found ? "" : found.error().text;
}

}  // namespace

TEST_CASE("only tape drives are loaded and unloaded; for others the error says what to name") {
    CHECK(check_drive("user_0/a", "tape//srv/cart;personality=lto-9"));
    CHECK(check_drive("user_0/a", "tape//srv/vtl;drive=0"));
    CHECK(no_drive("changer//srv/vtl") ==
          "user_0/a is the changer of a library: name the LUN of one of its drives, tape//srv/vtl;drive=N in "
          "'tcmuctl list'");
    CHECK(no_drive("file//srv/disk.img") ==
          "user_0/a is no tape drive but file//srv/disk.img: drives are tape/... in 'tcmuctl list'");
}

TEST_CASE("a changer's library is the path of its configuration string") {
    CHECK(library_of("user_0/a", "changer//srv/vtl") == "/srv/vtl");
    CHECK(library_of("user_0/a", "changer//srv/vtl;vpd_config=off") == "/srv/vtl");
    CHECK(library_of("user_0/a", "changer//srv/a%3Bb%3bc;thread=1") == "/srv/a;b;c");
}

TEST_CASE("a library's path may have a semicolon, if that is how the directory is called") {
    const test::TemporaryDirectory directory;
    const auto path = (directory.path() / "vtl;drive=1").string();
    std::filesystem::create_directory(path);
    CHECK(library_of("user_0/a", "changer/" + path) == path);
}

TEST_CASE("what is no changer has no mail slots; the error says what to name") {
    CHECK(
        no_library("tape//srv/vtl;drive=1") ==
        "user_0/a is a drive of a library: name the LUN of its changer, changer//srv/vtl in 'tcmuctl list'");
    CHECK(no_library("tape//srv/cart") ==
          "user_0/a is a drive without a library: its cartridge is /srv/cart");
    CHECK(no_library("file//srv/disk.img") ==
          "user_0/a is no changer of a tape library but file//srv/disk.img: changers are changer/... in "
          "'tcmuctl list'");
}
