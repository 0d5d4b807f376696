// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/target_port_groups.hpp"

#include <catch2/catch.hpp>

using namespace tcmud::scsi;

namespace {

const std::vector<TargetPortGroup> groups{
    {.id = 0, .preferred = true, .explicit_access = true, .supported_states = 0x4f, .relative_ports = {1, 2}},
    {.id = 7, .state = AccessState::standby, .status_code = 2, .supported_states = 0x4f},
};

Writer change(unsigned state, unsigned group) {
    Writer writer;
    writer.u32(0).u8(state).u8(0).u16(group);
    return writer;
}

}  // namespace

TEST_CASE("REPORT TARGET PORT GROUPS: each group with its state and ports") {
    const auto data = report_target_port_groups(groups, false);
    const auto bytes = data.view();
    CHECK(get_32(bytes, 0) == bytes.size() - 4);
    REQUIRE(bytes.size() == 4 + 8 + 2 * 4 + 8);
    CHECK(get_8(bytes, 4) == 0x80);
    CHECK(get_8(bytes, 5) == 0x4f);
    CHECK(get_8(bytes, 11) == 2);
    CHECK(get_32(bytes, 16) == 2);
    CHECK(get_8(bytes, 20) == 0x02);
    CHECK(get_16(bytes, 22) == 7);
    CHECK(get_8(bytes, 25) == 2);
}

TEST_CASE("REPORT TARGET PORT GROUPS: the extended header is four bytes more") {
    const auto data = report_target_port_groups({}, true);
    CHECK(data.size() == 8);
    CHECK(get_32(data.view(), 0) == 4);
    CHECK(get_8(data.view(), 4) == 0x10);
}

TEST_CASE("SET TARGET PORT GROUPS: a group with explicit access changes to a state that it supports") {
    const auto changes = parse_set_target_port_groups(change(0x01, 0).view(), groups);
    REQUIRE(changes);
    REQUIRE(changes->size() == 1);
    CHECK((*changes)[0].group == 0);
    CHECK((*changes)[0].state == AccessState::active_non_optimized);
}

TEST_CASE("SET TARGET PORT GROUPS: what cannot be is refused") {
    const auto invalid = [](std::uint16_t byte) {
        return sense::invalid_field_in_parameter_list.in_parameters(byte);
    };
    CHECK(parse_set_target_port_groups(change(0x01, 9).view(), groups).error() == invalid(6));
    CHECK(parse_set_target_port_groups(change(0x01, 7).view(), groups).error() == invalid(4));
    CHECK(parse_set_target_port_groups(change(0x0f, 0).view(), groups).error() == invalid(4));
    CHECK(parse_set_target_port_groups(change(0x01, 0).view().first(7), groups).error() ==
          sense::parameter_list_length_error);
    CHECK(parse_set_target_port_groups({}, groups).error() == sense::parameter_list_length_error);
}
