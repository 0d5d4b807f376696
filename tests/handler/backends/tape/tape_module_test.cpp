// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <regex>

#include <catch2/catch.hpp>

#include "handler/backends/tape/library/library_directory.hpp"
#include "tests/handler/backends/opened.hpp"
#include "tests/handler/backends/tape/loaded.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

std::string refused(const std::string& path,
                    std::initializer_list<std::pair<std::string, std::string>> options = {}) {
    const auto checked = module("tape").check(request(path, 0, options));
    REQUIRE_FALSE(checked);
    return checked.error().text;
}

}  // namespace

TEST_CASE("tape module: what cannot be opened is refused in one line, and so is what cannot be used") {
    const TestCartridge cartridge;
    CHECK(module("tape").check(request(cartridge.path(), 0)));
    CHECK_THAT(refused("/nowhere"), Catch::StartsWith("/nowhere: there is no such directory"));
    CHECK_THAT(refused("cart"), Catch::Contains("is no absolute path"));
    CHECK(refused(cartridge.path(), {{"personality", "lto-99"}}) ==
          "personality=lto-99: it can be lto-8, lto-5, lto-6, lto-7, lto-9");
    CHECK_THAT(refused(cartridge.path(), {{"maker", "acme"}}), Catch::StartsWith("maker=acme: it can be "));
    CHECK(refused(cartridge.path(), {{"compression", "lots"}}) ==
          "compression=lots: it can be off, fast, default");
    const auto opened = module("tape").open(request(cartridge.path(), 0));
    REQUIRE(opened);
    CHECK_THAT(refused(cartridge.path()), Catch::Contains(": is in use: another drive"));
}

TEST_CASE("tape module: its options say which drive it is") {
    const TestCartridge cartridge;
    const auto opened = module("tape").open(request(cartridge.path(), 0,
                                                    {{"serial", "ABC"},
                                                     {"personality", "lto-6"},
                                                     {"maker", "ibm"},
                                                     {"compression", "fast"},
                                                     {"readonly", "on"}}));
    REQUIRE(opened);
    const auto& drive = *std::get<std::unique_ptr<TapeBackend>>(*opened);
    CHECK(drive.serial() == "ABC");
    CHECK(drive.personality() == "lto-6");
    CHECK(drive.maker() == "ibm");
    REQUIRE(drive.medium());
    CHECK(drive.medium()->write_protected);
}

// An option that is read but not known is one that nobody can give.
TEST_CASE("tape module: every option that docs/backends/tape.md tells of is known") {
    std::ifstream document(TCMUD_SOURCE_DIR "/docs/backends/tape.md");
    const std::regex row("^\\| `([a-z_]+)=.*");
    std::vector<std::string> told;
    for (std::string line; std::getline(document, line);) {
        if (std::smatch match; std::regex_match(line, match, row)) told.push_back(match[1]);
    }
    std::vector<std::string> known{"vpd_config", "thread"};  // Of every LUN.
    for (const auto& option : module("tape").options()) known.emplace_back(option.key);
    std::erase(known, "drive");  // Told of in the text on libraries.
    std::ranges::sort(told);
    std::ranges::sort(known);
    CHECK(told == known);
}

TEST_CASE("tape module: a library's changer and drives") {
    test::TemporaryDirectory directory;
    const auto path = (directory.path() / "vtl").string();
    tape::LibraryFile file;
    file.name = "vtl";
    file.serial = "1";
    file.slots = 2;
    file.drives = {{"2", "lto-8", "ibm"}};
    REQUIRE(tape::LibraryDirectory::create(path, file));
    const auto& tapes = module("tape");
    CHECK(tapes.kind("tape") == LunKind::tape);
    CHECK(tapes.kind("changer") == LunKind::changer);

    auto changer = request(path, 0);
    changer.subtype = "changer";
    CHECK(tapes.check(changer));
    CHECK(tapes.open(changer));
    CHECK(tapes.check(request(path, 0, {{"drive", "0"}})));
    CHECK(tapes.open(request(path, 0, {{"drive", "0"}})));
    const auto real = std::filesystem::canonical(path).string();
    CHECK(refused(path, {{"drive", "1"}}) ==
          real + ": there is no drive 1: the library has 1, counted from 0");
    CHECK(refused(path, {{"drive", "x"}}) == "drive=x: it must be a number, from 0 on");
    CHECK(refused(path, {{"drive", "0"}, {"maker", "ibm"}}) ==
          "maker= is none of a library's options: see its library.toml");
    changer.options.set("drive", "0");
    CHECK(tapes.check(changer).error().text ==
          "drive= is a drive's: write tape//path/of/library;drive=N for one");
    CHECK_THAT(refused("/nowhere", {{"drive", "0"}}), Catch::StartsWith("/nowhere: "));
}
