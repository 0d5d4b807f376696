// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/cart_file.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

Cart sample_cart() {
    Cart cart;
    cart.uuid = random_uuid();
    cart.generation = 3;
    cart.barcode = "ABC001L8";
    cart.density = 0x5e;
    cart.worm = true;
    cart.capacity = ByteCount{1000000};
    cart.segment_size = 65536;
    cart.format = 2;
    cart.pass = 99;
    cart.change_reference = 5;
    cart.statistics.loads = 7;
    cart.statistics.written = ByteCount{123};
    cart.statistics.drives = {"DRIVE1", "DRIVE2", "", ""};
    cart.partitions = {{ByteCount{600000}, {{0x0801, 1, block(5, 1)}, {0x0820, 0, block(3, 2)}}},
                       {ByteCount{400000}, {{0x0801, 1, {}}}}};
    return cart;
}

void check_same(const Cart& a, const Cart& b) {
    CHECK(a.uuid == b.uuid);
    CHECK(a.partitions == b.partitions);
    CHECK(print(a) == print(b));
}

}  // namespace

TEST_CASE("cart file: what was printed is what is parsed") {
    const auto cart = sample_cart();
    check_same(need(parse(print(cart))), cart);
}

TEST_CASE("cart file: it is text that tells its version first") {
    const auto text = print(sample_cart());
    CHECK_THAT(text, Catch::StartsWith("tcmud-cartridge 1\nuuid "));
    CHECK_THAT(text, Catch::Contains("\nbarcode ABC001L8\ndensity 5e\nworm yes\n"));
    CHECK_THAT(text, Catch::Contains("\nattribute 0 0801 1 " + std::string("20252a2f34\n")));
}

TEST_CASE("cart file: a changed bit is noticed") {
    const auto text = print(sample_cart());
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CAPTURE(i);
        CHECK_FALSE(parse(changed));
    }
}

TEST_CASE("cart file: one of a later version is told from a damaged one") {
    auto text = print(sample_cart());
    text.replace(text.find(" 1\n"), 3, " 2\n");
    const auto parsed = parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().number == EPROTO);
    CHECK(parsed.error().text == "it has format version 2, this tcmud knows 1 and before");
}

TEST_CASE("cart file: lines that are not known are kept") {
    auto cart = sample_cart();
    cart.unknown = {"colour red"};
    const auto parsed = need(parse(print(cart)));
    CHECK(parsed.unknown == std::vector<std::string>{"colour red"});
    CHECK_THAT(print(parsed), Catch::Contains("\ncolour red\n"));
}

TEST_CASE("cart file: each saving is a new generation, and the one before is kept") {
    const TemporaryDirectory directory;
    const auto path = directory.path().string();
    auto cart = sample_cart();
    need(save_cart(path, cart));
    cart.barcode = "NEW";
    need(save_cart(path, cart));
    CHECK(cart.generation == 5);
    CHECK(need(load_cart(path)).barcode == "NEW");
    set_content(directory.path() / "cart", block(100, 1));
    CHECK(need(load_cart(path)).barcode == "ABC001L8");
    SECTION("a damaged one never takes the good one's place") {
        auto older = need(load_cart(path));
        need(save_cart(path, older));
        CHECK(need(parse(need(text_of(path + "/cart.old", 1 << 20)))).barcode == "ABC001L8");
        CHECK(need(load_cart(path)).barcode == "ABC001L8");
    }
    SECTION("with both damaged it says so") {
        set_content(directory.path() / "cart.old", block(100, 1));
        const auto loaded = load_cart(path);
        REQUIRE_FALSE(loaded);
        CHECK_THAT(loaded.error().text, Catch::Contains("/cart is damaged: it does not begin like"));
    }
}

TEST_CASE("cart file: a uuid is written as everybody does") {
    const auto text = text_of(random_uuid());
    CHECK_THAT(text, Catch::Matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    CHECK(random_uuid() != random_uuid());
}
