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

// With a subpage of the first page, and one that MODE SELECT may bring in part.
constexpr std::array with_subpages{
    ModePageInfo{0x08, 4, {0x04, 0, 0x11}, {0x04}},
    ModePageInfo{0x08, 3, {0x05}, {0xff, 0xff}, 0x01},
    ModePageInfo{0x11, 4, {1, 2, 3, 4}, {0xff, 0xff, 0xff, 0xff}, 0, 2},
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

TEST_CASE("MODE SENSE: a subpage has a header of its own") {
    const ModePages pages(with_subpages);
    Writer data;
    REQUIRE(pages.append(data, 0x08, 0x01, PageControl::current));
    CHECK(std::ranges::equal(data.view(), page({0x48, 0x01, 0, 3, 0x05, 0, 0}).view()));
}

TEST_CASE("MODE SENSE: subpage 00h is the pages without, FFh all of them") {
    const ModePages pages(with_subpages);
    const auto length = [&](std::uint8_t code, std::uint8_t subpage) {
        Writer data;
        pages.append(data, code, subpage, PageControl::current);
        return data.size();
    };
    CHECK(length(0x08, 0) == 6);
    CHECK(length(0x08, 0xff) == 6 + 7);
    CHECK(length(0x3f, 0) == 6 + 6);
    CHECK(length(0x3f, 0xff) == 6 + 7 + 6);
    CHECK(length(0x11, 1) == 0);
}

TEST_CASE("MODE SELECT: a subpage is told from its page") {
    ModePages pages(with_subpages);
    CHECK_FALSE(pages.select(page({0x48, 0x01, 0, 3, 0x07, 0x08, 0}).view(), 4));
    CHECK(pages.current(0x08, 4, 0x01) == 0x07);
    CHECK(pages.current(0x08, 2) == 0x04);
    const auto invalid = [](std::uint16_t byte) {
        return sense::invalid_field_in_parameter_list.in_parameters(byte);
    };
    CHECK(*pages.select(page({0x48, 0x00, 0, 4, 0, 0, 0, 0}).view(), 4) == invalid(4));
    CHECK(*pages.select(page({0x48, 0x01, 0, 2, 0, 0}).view(), 4) == invalid(7));
    CHECK(*pages.select(page({0x48, 0x01, 0}).view(), 4) == sense::parameter_list_length_error);
}

TEST_CASE("MODE SELECT: some pages may be brought without their end, which stays as it was") {
    ModePages pages(with_subpages);
    CHECK_FALSE(pages.select(page({0x11, 2, 9, 8}).view(), 4));
    CHECK(pages.current(0x11, 3) == 8);
    CHECK(pages.current(0x11, 4) == 3);
    CHECK(pages.select(page({0x11, 1, 9}).view(), 4));
    CHECK(pages.select(page({0x11, 5, 9, 8, 7, 6, 5}).view(), 4));
}

TEST_CASE("the current values of mode pages can be kept and set again") {
    ModePages before(with_subpages), after(with_subpages), other(infos);
    before.set(0x08, 4, 0x77, 0x01);
    after.set_values(before.values());
    CHECK(after.current(0x08, 4, 0x01) == 0x77);
    other.set_values(before.values());
    CHECK(other.current(0x08, 2) == 0x04);
}
