// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/inventory.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "handler/backends/tape/image/crc32c.hpp"

using namespace tcmud;
using namespace tcmud::tape;

namespace {

// As print() would, of any lines.
std::string summed(const std::string& text) {
    return text + fmt::format("crc32c {:08x}\n", crc32c(std::as_bytes(std::span(text))));
}
std::string error_of(const std::string& text) {
    const auto inventory = parse_inventory(text);
    REQUIRE_FALSE(inventory);
    return inventory.error().text;
}

}  // namespace

TEST_CASE("an inventory is a text of its full elements") {
    Inventory inventory;
    inventory.generation = 12;
    inventory.places[ElementAddress{4096}] = {"aaa", std::nullopt, false};
    inventory.places[ElementAddress{256}] = {"bbb", ElementAddress{4097}, false};
    inventory.places[ElementAddress{16}] = {"ccc", std::nullopt, true};
    const auto text = print(inventory);
    CHECK(text == summed("tcmud-inventory 1\n"
                         "generation 12\n"
                         "element 16 ccc operator\n"
                         "element 256 bbb source 4097\n"
                         "element 4096 aaa\n"));
    CHECK(parse_inventory(text) == inventory);
    CHECK(inventory.whereabouts("bbb") == ElementAddress{256});
    CHECK_FALSE(inventory.whereabouts("ddd"));
}

TEST_CASE("an inventory that is cut or was changed is refused") {
    Inventory inventory;
    inventory.places[ElementAddress{4096}] = {"aaa", std::nullopt, false};
    const auto text = print(inventory);
    for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(parse_inventory(text.substr(0, size)));
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto changed = text;
        changed[at] ^= 0x01;
        CHECK_FALSE(parse_inventory(changed));
    }
}

TEST_CASE("a cartridge is in one element, and an element has one cartridge") {
    CHECK(error_of(summed("tcmud-inventory 1\nelement 1 a\nelement 2 a\n")) ==
          "line 3: cartridge a is in two elements");
    CHECK(error_of(summed("tcmud-inventory 1\nelement 1 a\nelement 1 b\n")) ==
          "line 3: element 1 has two cartridges");
}

TEST_CASE("lines of an inventory that make no sense") {
    for (const std::string line : {"element 1", "element x a", "element 70000 a", "element 1 ../a",
                                   "element 1 a/b", "element 1 a source", "element 1 a source x",
                                   "element 1 a more", "cartridge a", "generation x", ""}) {
        CHECK(error_of(summed("tcmud-inventory 1\n" + line + "\n")) ==
              fmt::format("line 2: '{}' makes no sense", line));
    }
    CHECK(error_of(summed("tcmud-inventory x\n")) == "line 1: it names no version");
    CHECK(error_of("") == "it does not begin like an inventory");
}

TEST_CASE("an inventory of a later version is not touched") {
    const auto inventory = parse_inventory(summed("tcmud-inventory 2\n"));
    REQUIRE_FALSE(inventory);
    CHECK(inventory.error().number == EPROTO);
}
