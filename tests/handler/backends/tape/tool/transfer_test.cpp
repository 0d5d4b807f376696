// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/tool/wishes.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

TEST_CASE("tape tool: plain files become files of the tape, and plain files again") {
    const Tool tool;
    tool.run(create, "cart");
    set_content(tool.at("a"), block(1050, 1));
    set_content(tool.at("b"), block(10, 2));
    CHECK(tool.import("cart", {"a", "b"}, 100).empty());
    CHECK(tool.import("cart", {"b"}, 100).empty());
    CHECK(tool.export_to("cart", "out").empty());
    CHECK(content(tool.at("out/000000")) == block(1050, 1));
    CHECK(content(tool.at("out/000001")) == block(10, 2));
    CHECK(content(tool.at("out/000002")) == block(10, 2));
    CHECK_FALSE(std::filesystem::exists(tool.at("out/000003")));
}

TEST_CASE("tape tool: a .tap file keeps blocks and filemarks") {
    const Tool tool;
    tool.run(create, "cart");
    set_content(tool.at("a"), block(1051, 1));
    tool.import("cart", {"a"}, 100);
    CHECK(tool.export_to("cart", "one.tap").empty());
    tool.run(create, "other");
    CHECK(tool.import("other", {"one.tap"}).empty());
    CHECK(tool.run(list, "other") == tool.run(list, "cart"));
    CHECK(tool.export_to("other", "two.tap").empty());
    CHECK(content(tool.at("two.tap")) == content(tool.at("one.tap")));
}

TEST_CASE("tape tool: what cannot be imported is named, and what was before it is there") {
    const Tool tool;
    tool.run(create, "cart");
    set_content(tool.at("a"), block(100, 1));
    set_content(tool.at("torn.tap"), block(3, 1));
    CHECK_THAT(tool.import("cart", {"a", "missing"}), Catch::Contains("missing: No such file or directory"));
    set_content(tool.at("bad.tap"), block(50, 3));
    CHECK_THAT(tool.import("cart", {"bad.tap"}), Catch::Contains("bad.tap: "));
    CHECK_THAT(tool.run(list, "cart"), Catch::Contains("     0            0          1              100"));
}
