// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/cartridge.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace fs = std::filesystem;

namespace {

std::string error_of(const std::string& directory) {
    const auto opened = Cartridge::open(directory, Cartridge::Use::drive);
    REQUIRE_FALSE(opened);
    return opened.error().text;
}

}  // namespace

TEST_CASE("cartridge: a new one is empty, and what it was made to be") {
    const TemporaryDirectory directory;
    const auto path = (directory.path() / "cart").string();
    need(Cartridge::create(path, {.barcode = "A00001L9", .density = 0x60}));
    const auto cartridge = need(Cartridge::open(path, Cartridge::Use::drive));
    CHECK(cartridge.cart().barcode == "A00001L9");
    CHECK(raw(cartridge.cart().capacity) == 18000000000000);
    REQUIRE(cartridge.partitions().size() == 1);
    CHECK(cartridge.partitions()[0].tail().object == 0);
    CHECK_FALSE(Cartridge::create(path, {}));
}

TEST_CASE("cartridge: what is none is told in one line") {
    const TemporaryDirectory directory;
    const auto path = (directory.path() / "cart").string();
    SECTION("nothing there") {
        CHECK(error_of(path) == path + ": there is no such directory (tcmu-tape create makes a cartridge)");
    }
    SECTION("a file") {
        set_content(path, block(10, 1));
        CHECK(error_of(path) == path + ": is no directory, as a cartridge is");
    }
    SECTION("an empty directory") {
        fs::create_directory(path);
        CHECK(error_of(path) == path + ": is no cartridge, there is no file 'cart' in it");
    }
    SECTION("a damaged one") {
        need(Cartridge::create(path, {}));
        auto bytes = content(path + "/cart");
        bytes[30] ^= std::byte{1};
        set_content(path + "/cart", bytes);
        CHECK(error_of(path) == path + "/cart is damaged: its checksum does not fit");
    }
    SECTION("one of a later version") {
        const std::string text = "tcmud-cartridge 9\n";
        fs::create_directory(path);
        set_content(path + "/cart", std::as_bytes(std::span(text)));
        CHECK(error_of(path) == path + "/cart: it has format version 9, this tcmud knows 1 and before");
    }
    SECTION("with another one's data") {
        need(Cartridge::create(path, {}));
        const auto other = (directory.path() / "other").string();
        need(Cartridge::create(other, {}));
        auto cartridge = need(Cartridge::open(other, Cartridge::Use::drive));
        append(cartridge.partitions()[0], block(10, 1));
        fs::copy(other + "/p0", path + "/p0");
        CHECK_THAT(error_of(path), Catch::Contains("00000000.seg: belongs to another cartridge, "));
    }
}

TEST_CASE("cartridge: one that is in a drive is in no other, and can be looked at") {
    const TemporaryDirectory directory;
    const auto path = (directory.path() / "cart").string();
    need(Cartridge::create(path, {}));
    auto cartridge = need(Cartridge::open(path, Cartridge::Use::drive));
    append(cartridge.partitions()[0], block(10, 1));
    CHECK_THAT(error_of(path),
               Catch::Contains(": is in use: another drive, or tcmu-tape, has the cartridge"));
    auto seen = need(Cartridge::open(path, Cartridge::Use::look));
    CHECK(read(seen.partitions()[0], 0) == block(10, 1));
}

TEST_CASE("cartridge: formatting makes empty partitions, and nothing of before comes back") {
    const TemporaryDirectory directory;
    const auto path = (directory.path() / "cart").string();
    need(Cartridge::create(path, {.barcode = "A", .capacity = ByteCount{10 << 20}}));
    {
        auto cartridge = need(Cartridge::open(path, Cartridge::Use::drive));
        append(cartridge.partitions()[0], block(10, 1));
        cartridge.cart().partitions[0].attributes.push_back({0x801, 1, block(3, 1)});
        const auto before = content(path + "/p0/00000000.seg");
        CHECK_FALSE(cartridge.format({ByteCount{9 << 20}, ByteCount{9 << 20}}));
        CHECK(read(cartridge.partitions()[0], 0) == block(10, 1));

        need(cartridge.format({ByteCount{2 << 20}, ByteCount{0}, ByteCount{0}}));
        REQUIRE(cartridge.partitions().size() == 3);
        CHECK(raw(cartridge.cart().partitions[1].capacity) == 4 << 20);
        CHECK(cartridge.cart().partitions[0].attributes.empty());
        append(cartridge.partitions()[1], block(20, 2));
        // The power failed before the old file was gone.
        set_content(path + "/p0/00000000.seg", before);
    }
    auto cartridge = need(Cartridge::open(path, Cartridge::Use::drive));
    CHECK(cartridge.partitions()[0].tail().object == 0);
    CHECK(read(cartridge.partitions()[1], 0) == block(20, 2));
    append(cartridge.partitions()[0], block(30, 3));
    CHECK(read(cartridge.partitions()[0], 0) == block(30, 3));
}

TEST_CASE("cartridge: a barcode is one that can be printed") {
    const TemporaryDirectory directory;
    const auto path = (directory.path() / "cart").string();
    CHECK_FALSE(Cartridge::create(path, {.barcode = "A B"}));
    CHECK_FALSE(Cartridge::create(path, {.barcode = "A\nB"}));
    CHECK_FALSE(Cartridge::create(path, {.barcode = std::string(33, 'A')}));
    CHECK(Cartridge::create(path, {.barcode = std::string(32, 'A')}));
}
