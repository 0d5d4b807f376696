// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/tool/blocks.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/tool/wishes.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

TEST_CASE("tape tool: files lie between filemarks") {
    const Tool tool;
    need(Cartridge::create(tool.at("cart"), {.barcode = "A", .capacity = ByteCount{1 << 20}}));
    auto cartridge = need(Cartridge::open(tool.at("cart"), Cartridge::Use::drive));
    auto appender = need(Appender::begin(cartridge, 0));
    need(appender.add_block(block(100, 1)));
    need(appender.add_block(block(200, 2)));
    need(appender.add_filemark());
    need(appender.add_filemark());
    need(appender.add_block(block(300, 3)));
    need(appender.end());
    auto& partition = cartridge.partitions()[0];
    Transformer transformer;
    CHECK(file_extent(partition, 0).first == 0);
    CHECK(file_extent(partition, 0).end == 2);
    CHECK(file_extent(partition, 1).first == 3);
    CHECK(file_extent(partition, 1).end == 3);
    CHECK(file_extent(partition, 2).first == 4);
    CHECK(file_extent(partition, 2).end == 5);
    CHECK(need(read_block(transformer, partition, 4)) == block(300, 3));
    CHECK(cartridge.cart().change_reference == 1);
    CHECK(raw(cartridge.cart().statistics.written) == 600);

    const auto full = appender.add_block(block(1 << 20, 4));
    REQUIRE_FALSE(full);
    CHECK(full.error().text == "the partition is full");
}

TEST_CASE("tape tool: a write-protected cartridge is not written") {
    const Tool tool;
    need(Cartridge::create(tool.at("cart"), {.barcode = "A", .write_protected = true}));
    auto cartridge = need(Cartridge::open(tool.at("cart"), Cartridge::Use::drive));
    CHECK_FALSE(Appender::begin(cartridge, 0));
}

TEST_CASE("tape tool: a key is 32 bytes, or their digits") {
    const Tool tool;
    Transformer transformer;
    set_content(tool.at("raw"), block(32, 1));
    CHECK(use_key(transformer, tool.at("raw")));
    CHECK(transformer.encryption().key[1] == block(32, 1)[1]);
    const auto digits = std::string(62, '0') + "fe\n";
    set_content(tool.at("digits"), std::as_bytes(std::span(digits)));
    CHECK(use_key(transformer, tool.at("digits")));
    CHECK(transformer.encryption().key[31] == std::byte{0xfe});
    set_content(tool.at("short"), block(31, 1));
    CHECK_FALSE(use_key(transformer, tool.at("short")));
    CHECK_FALSE(use_key(transformer, tool.at("missing")));
}
