// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/mode_pages.hpp"

#include <array>

#include <catch2/catch.hpp>

using namespace tcmud::scsi;

namespace {

// Bit 2 of byte 2 of the first page may be changed, nothing of the second.
constexpr std::array infos{
    ModePageInfo{0x08, 4, {0x04, 0, 0x11}, {0x04}},
    ModePageInfo{0x0a, 2, {0x02}, {}},
};

Writer page(std::initializer_list<unsigned> values) {
    Writer writer;
    for (const auto value : values) writer.u8(value);
    return writer;
}

}  // namespace

TEST_CASE("MODE SENSE: a page with its header") {
    const ModePages pages(infos);
    Writer data;
    REQUIRE(pages.append(data, 0x08, 0, PageControl::current));
    CHECK(std::ranges::equal(data.view(), page({0x08, 4, 0x04, 0, 0x11, 0}).view()));
}

TEST_CASE("MODE SENSE: all pages, ascending, and with all subpages too") {
    const ModePages pages(infos);
    for (const std::uint8_t subpage : {std::uint8_t{0}, ModePages::all_subpages}) {
        Writer data;
        REQUIRE(pages.append(data, ModePages::all_pages, subpage, PageControl::current));
        CHECK(data.size() == 6 + 4);
        CHECK(get_8(data.view(), 6) == 0x0a);
    }
}

TEST_CASE("MODE SENSE: what can be changed is a mask, what was changed is no default") {
    ModePages pages(infos);
    pages.set_bit(0x08, 2, 0x04, false);
    Writer changeable, defaults;
    pages.append(changeable, 0x08, 0, PageControl::changeable);
    pages.append(defaults, 0x08, 0, PageControl::defaults);
    CHECK(get_8(changeable.view(), 2) == 0x04);
    CHECK(get_8(changeable.view(), 4) == 0);
    CHECK(get_8(defaults.view(), 2) == 0x04);
    CHECK(pages.current(0x08, 2) == 0x00);
}

TEST_CASE("MODE SENSE: pages and subpages that do not exist are told") {
    const ModePages pages(infos);
    Writer data;
    CHECK_FALSE(pages.append(data, 0x1c, 0, PageControl::current));
    CHECK_FALSE(pages.append(data, 0x08, 1, PageControl::current));
    CHECK(data.size() == 0);
}

TEST_CASE("MODE SELECT: what is changeable changes") {
    ModePages pages(infos);
    CHECK_FALSE(pages.select(page({0x08, 4, 0x00, 0, 0x11, 0}).view(), 4));
    CHECK(pages.current(0x08, 2) == 0x00);
    CHECK_FALSE(pages.select({}, 4));
}

TEST_CASE("MODE SELECT: what is not changeable is refused, with a pointer to its byte") {
    ModePages pages(infos);
    const auto refused = pages.select(page({0x08, 4, 0x00, 0, 0x12, 0}).view(), 4);
    REQUIRE(refused);
    CHECK(*refused == sense::invalid_field_in_parameter_list.in_parameters(4 + 4));
}

TEST_CASE("MODE SELECT: a wrong page changes none of them") {
    ModePages pages(infos);
    const auto refused = pages.select(page({0x08, 4, 0x00, 0, 0x11, 0, 0x0a, 2, 0x03, 0}).view(), 8);
    REQUIRE(refused);
    CHECK(*refused == sense::invalid_field_in_parameter_list.in_parameters(8 + 6 + 2));
    CHECK(pages.current(0x08, 2) == 0x04);
}

TEST_CASE("MODE SELECT: unknown pages, subpages and wrong lengths are refused") {
    ModePages pages(infos);
    const auto invalid = [](std::uint16_t byte) {
        return sense::invalid_field_in_parameter_list.in_parameters(byte);
    };
    CHECK(*pages.select(page({0x1c, 2, 0, 0}).view(), 4) == invalid(4));
    CHECK(*pages.select(page({0x48, 1, 0, 0}).view(), 4) == invalid(4));
    CHECK(*pages.select(page({0x08, 3, 0, 0, 0}).view(), 4) == invalid(5));
    CHECK(*pages.select(page({0x08, 4, 0, 0}).view(), 4) == sense::parameter_list_length_error);
    CHECK(*pages.select(page({0x08}).view(), 4) == sense::parameter_list_length_error);
}
