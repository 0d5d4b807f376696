// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/tool/wishes.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

struct Filled : Tool {
    Filled() {
        auto wanted = wish("cart");
        wanted.barcode = "A00001L8";
        run(create, wanted);
        set_content(at("first"), block(1050, 1));
        set_content(at("second"), block(300, 2));
        import("cart", {"first", "second"}, 100);
    }
    void damage(std::size_t place) const {
        auto bytes = content(at("cart/p0/00000000.seg"));
        bytes[segment_header_size + place] ^= std::byte{1};
        set_content(at("cart/p0/00000000.seg"), bytes);
    }
};

}  // namespace

TEST_CASE("tape tool: the files of a tape are listed with their blocks") {
    const Filled tool;
    CHECK(tool.run(list, "cart") ==
          "  file       object     blocks            bytes  block length\n"
          "     0            0         11             1050  50 to 100\n"
          "     1           12          3              300  100\n");
}

TEST_CASE("tape tool: a cartridge tells what it is, also while a drive has it") {
    const Filled tool;
    CHECK_THAT(tool.run(info, "cart"), Catch::Contains("\nin use:   no\n"));
    const auto held = need(Cartridge::open(tool.at("cart"), Cartridge::Use::drive));
    const auto told = tool.run(info, "cart");
    CHECK_THAT(told, Catch::Contains("barcode:  A00001L8\ntype:     lto-8\ncapacity: 12.0 TB\n"));
    CHECK_THAT(told, Catch::Contains("\nin use:   yes\n"));
    CHECK_THAT(told, Catch::Contains("partition 0: 2.4 kB of 12.0 TB, 14 blocks, 2 filemarks\n"));
}

TEST_CASE("tape tool: a file's data are its blocks, one after the other") {
    const Filled tool;
    auto wanted = tool.wish("cart");
    wanted.file = 1;
    const auto text = Tool::run(cat, wanted);
    const auto bytes = std::as_bytes(std::span(text));
    CHECK(Bytes(bytes.begin(), bytes.end()) == block(300, 2));
    wanted.file = 3;
    CHECK(Tool::run(cat, wanted) == "error: there is no file 3: the last one is 2");
    wanted.partition = 1;
    CHECK(Tool::run(cat, wanted) == "error: there is no partition 1");
}

TEST_CASE("tape tool: damage is found, wherever it is") {
    const Filled tool;
    CHECK(tool.run(verify, "cart") == "16 objects, all of them as they were written\n");
    tool.damage(70);
    const auto second = record_size(100);
    tool.damage(second + 3);
    CHECK(tool.run(verify, "cart") ==
          "partition 0, object 0: its checksum does not fit\n"
          "partition 0, object 1: object 1 is damaged\n"
          "error: 2 of 16 objects are damaged");
}
