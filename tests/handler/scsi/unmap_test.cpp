// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/unmap.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::scsi;

namespace {

constexpr UnmapLimits limits{4, BlockCount{100}, BlockCount{1000}};

Writer list(std::initializer_list<std::pair<std::uint64_t, std::uint32_t>> descriptors) {
    Writer writer;
    writer.u16(descriptors.size() * 16 + 6).u16(descriptors.size() * 16).u32(0);
    for (const auto& [lba, count] : descriptors) writer.u64(lba).u32(count).u32(0);
    return writer;
}

}  // namespace

TEST_CASE("UNMAP: ranges come in their order, empty ones are left out") {
    const auto ranges = parse_unmap(list({{7, 3}, {0, 0}, {999, 1}}).view(), limits);
    REQUIRE(ranges);
    REQUIRE(ranges->size() == 2);
    CHECK(raw((*ranges)[0].first) == 7);
    CHECK(raw((*ranges)[0].count) == 3);
    CHECK(raw((*ranges)[1].first) == 999);
}

TEST_CASE("UNMAP: no list and an empty list change nothing") {
    CHECK(parse_unmap({}, limits)->empty());
    CHECK(parse_unmap(list({}).view(), limits)->empty());
}

TEST_CASE("UNMAP: a range beyond the end is refused, whatever it overflows") {
    CHECK(parse_unmap(list({{999, 2}}).view(), limits).error() == sense::lba_out_of_range);
    CHECK(parse_unmap(list({{~0ull, 2}}).view(), limits).error() == sense::lba_out_of_range);
    CHECK(parse_unmap(list({{0, 1}, {1000, 1}}).view(), limits).error() == sense::lba_out_of_range);
    CHECK(parse_unmap(list({{1000, 0}}).view(), limits));
}

TEST_CASE("UNMAP: more descriptors or blocks than VPD page B0h tells are refused") {
    const auto many = parse_unmap(list({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}}).view(), limits);
    CHECK(many.error() == sense::invalid_field_in_parameter_list.in_parameters(2));
    const auto large = parse_unmap(list({{0, 60}, {60, 41}}).view(), limits);
    CHECK(large.error() == sense::invalid_field_in_parameter_list.in_parameters(8 + 16 + 8));
    CHECK(parse_unmap(list({{0, 60}, {60, 40}}).view(), limits));
}

TEST_CASE("UNMAP: a list that is shorter than it says is refused") {
    const auto whole = list({{0, 1}, {5, 1}});
    CHECK(parse_unmap(whole.view().first(7), limits).error() == sense::parameter_list_length_error);
    CHECK(parse_unmap(whole.view().first(39), limits).error() == sense::parameter_list_length_error);
}

TEST_CASE("UNMAP: an incomplete last descriptor is passed over") {
    auto writer = list({{0, 1}, {5, 1}});
    writer.set_16(2, 31);
    CHECK(parse_unmap(writer.view(), limits)->size() == 1);
}
