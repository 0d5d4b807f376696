// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/tool/wishes.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

TEST_CASE("tape tool: types are generations, or density codes") {
    CHECK(density_of("lto-9") == 0x60);
    CHECK(density_of("5a") == 0x5a);
    CHECK_FALSE(density_of("lto-99"));
    CHECK(name_of_density(0x5e) == "lto-8");
    CHECK(name_of_density(0x11) == "density 11h");
}

TEST_CASE("tape tool: a cartridge is made, and made another") {
    const Tool tool;
    auto wish = tool.wish("cart");
    wish.barcode = "A00001L9";
    wish.made.density = 0x60;
    wish.capacity = 1 << 30;
    CHECK(Tool::run(create, wish).empty());
    CHECK_THAT(Tool::run(create, wish), Catch::Contains("is not empty"));
    auto cart = need(Cartridge::look_at(tool.at("cart")));
    CHECK(cart.barcode == "A00001L9");
    CHECK(raw(cart.partitions[0].capacity) == 1 << 30);

    auto change = tool.wish("cart");
    change.write_protected = true;
    change.capacity = 2u << 30;
    CHECK(Tool::run(set, change).empty());
    cart = need(Cartridge::look_at(tool.at("cart")));
    CHECK(cart.barcode == "A00001L9");
    CHECK(cart.write_protected);
    CHECK(raw(cart.partitions[0].capacity) == 2u << 30);
    change.barcode = "no barcode";
    CHECK_THAT(Tool::run(set, change), Catch::Contains("'no barcode' is no barcode"));
}

TEST_CASE("tape tool: what a drive has is not changed") {
    const Tool tool;
    tool.run(create, "cart");
    const auto cartridge = need(Cartridge::open(tool.at("cart"), Cartridge::Use::drive));
    CHECK_THAT(tool.run(set, "cart"), Catch::Contains("is in use: another drive"));
    CHECK_THAT(tool.run(rebuild, "cart"), Catch::Contains("is in use: another drive"));
}

TEST_CASE("tape tool: an index is made again") {
    const Tool tool;
    tool.run(create, "cart");
    set_content(tool.at("file"), block(1000, 1));
    CHECK(tool.import("cart", {"file"}, 100).empty());
    set_content(tool.at("cart/p0/index"), block(100, 1));
    CHECK(tool.run(rebuild, "cart") == "partition 0: 11 objects\n");
    const auto cartridge = need(Cartridge::open(tool.at("cart"), Cartridge::Use::look));
    CHECK(cartridge.partitions()[0].recovered().records == 0);
}
