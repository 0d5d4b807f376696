// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/library/tool/with_library.hpp"

using namespace tcmud;
using namespace tcmud::test;
using namespace tcmud::tape::library;

TEST_CASE("tcmu-library show: what is where, what is outside, and what is wrong") {
    WithLibrary library;
    CHECK(library.run(show, library.named()) ==
          "vtl: IBM 03584L32, serial 78000\n"
          "import/export element 1 empty\n"
          "drive 0                 empty\n"
          "3 slots are empty\n");
    library.add(4, "A");
    const auto there = library.look();
    const auto first = there.find(ElementAddress{4096})->cartridge;
    const auto second = there.find(ElementAddress{4097})->cartridge;
    const auto third = there.find(ElementAddress{4098})->cartridge;
    const auto outside = there.outside().at(0);
    const auto directory = std::filesystem::canonical(library.named().library).string();
    std::filesystem::remove_all(directory + "/cartridges/" + second);
    CHECK(library.run(show, library.named()) ==
          "vtl: IBM 03584L32, serial 78000\n"
          "slot 1                  A00001L8         " +
              first +
              "  lto-8\n"
              "slot 2                  -                " +
              second +
              "  cannot be used\n"
              "slot 3                  A00003L8         " +
              third +
              "  lto-8\n"
              "import/export element 1 empty\n"
              "drive 0                 empty\n"
              "outside                 A00004L8         " +
              outside +
              "  lto-8\n"
              "problem: " +
              directory + "/cartridges/" + second + ": the cartridge of element 4097 is missing\n");
}
