// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/extended_copy.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::scsi;

namespace {

Writer target(unsigned code = 0xe4, unsigned type = 0) {
    Writer writer;
    writer.u8(code).u8(type).u16(0).u8(1).u8(3).u8(0).u8(16).bytes(naa_of("0123456789abcdef"));
    writer.zeros(4).u8(0).u24(512);
    return writer;
}

Writer segment(std::size_t source, std::size_t destination, unsigned code = 0x02, unsigned length = 24) {
    Writer writer;
    writer.u8(code).u8(0).u16(length).u16(source).u16(destination).u16(0).u16(9).u64(1ull << 40).u64(3);
    return writer;
}

Writer list(std::initializer_list<Writer> targets, std::initializer_list<Writer> segments) {
    Writer writer;
    writer.u8(1).u8(0).u16(targets.size() * 32).u32(0).u32(segments.size() * 28).u32(0);
    for (const auto& part : targets) writer.bytes(part.view());
    for (const auto& part : segments) writer.bytes(part.view());
    return writer;
}

}  // namespace

TEST_CASE("EXTENDED COPY: targets and segments") {
    const auto copy = parse_extended_copy(list({target(), target()}, {segment(0, 1)}).view());
    REQUIRE(copy);
    REQUIRE(copy->targets.size() == 2);
    CHECK(copy->targets[0].naa == naa_of("0123456789abcdef"));
    CHECK(copy->targets[0].block_size.bytes == 512);
    REQUIRE(copy->segments.size() == 1);
    CHECK(copy->segments[0].destination == 1);
    CHECK(raw(copy->segments[0].count) == 9);
    CHECK(raw(copy->segments[0].source_lba) == 1ull << 40);
    CHECK(raw(copy->segments[0].destination_lba) == 3);
}

TEST_CASE("EXTENDED COPY: no list copies nothing") {
    const auto copy = parse_extended_copy({});
    REQUIRE(copy);
    CHECK(copy->segments.empty());
}

TEST_CASE("EXTENDED COPY: descriptors of other types are refused as such") {
    CHECK(parse_extended_copy(list({target(0xe0)}, {}).view()).error() ==
          sense::unsupported_target_descriptor);
    CHECK(parse_extended_copy(list({target(0xe4, 1)}, {}).view()).error() ==
          sense::unsupported_target_descriptor);
    CHECK(parse_extended_copy(list({target()}, {segment(0, 0, 0x01)}).view()).error() ==
          sense::unsupported_segment_descriptor);
}

TEST_CASE("EXTENDED COPY: more than the limits allow is refused as such") {
    CHECK(parse_extended_copy(list({target(), target(), target()}, {}).view()).error() ==
          sense::too_many_target_descriptors);
    const auto s = segment(0, 0);
    CHECK(parse_extended_copy(list({target()}, {s, s, s, s, s, s, s, s, s}).view()).error() ==
          sense::too_many_segment_descriptors);
}

TEST_CASE("EXTENDED COPY: a segment names targets that there are, and has its length") {
    CHECK(parse_extended_copy(list({target()}, {segment(0, 1)}).view()).error() ==
          sense::copy_target_not_reachable);
    CHECK(parse_extended_copy(list({target()}, {segment(0, 0, 0x02, 23)}).view()).error() ==
          sense::invalid_field_in_parameter_list.in_parameters(16 + 32 + 2));
}

TEST_CASE("EXTENDED COPY: lists that lie about their length are refused") {
    const auto whole = list({target()}, {segment(0, 0)});
    for (std::size_t length = 1; length < whole.size(); ++length) {
        CHECK(parse_extended_copy(whole.view().first(length)).error() == sense::parameter_list_length_error);
    }
    auto huge = list({target()}, {});
    huge.set_32(8, 0xffffffff);
    CHECK(parse_extended_copy(huge.view()).error() == sense::parameter_list_length_error);
}

TEST_CASE("EXTENDED COPY: inline data and list identifiers that promise a status are refused") {
    auto with_inline = list({target()}, {});
    with_inline.set_32(12, 1);
    CHECK(parse_extended_copy(with_inline.view()).error() ==
          sense::invalid_field_in_parameter_list.in_parameters(12));
    auto with_usage = list({target()}, {});
    with_usage.set_8(1, 0x18);
    CHECK(parse_extended_copy(with_usage.view()).error() ==
          sense::invalid_field_in_parameter_list.in_parameters(0));
}

TEST_CASE("RECEIVE COPY RESULTS tells the limits that the parser keeps") {
    const auto data = copy_operating_parameters();
    CHECK(get_32(data.view(), 0) == data.size() - 4);
    CHECK(get_16(data.view(), 8) == extended_copy_limits.targets);
    CHECK(get_16(data.view(), 10) == extended_copy_limits.segments);
    CHECK(get_8(data.view(), data.size() - 2) == 0x02);
    CHECK(get_8(data.view(), data.size() - 1) == 0xe4);
}
