// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/command_group.hpp"

#include <catch2/catch.hpp>

using namespace tcmud::serving;

TEST_CASE("every command belongs to a group, and most groups to a direction") {
    CHECK(command_groups[0x28] == CommandGroup::read);
    CHECK(command_groups[0x8e] == CommandGroup::write);
    CHECK(command_groups[0x89] == CommandGroup::compare);
    CHECK(command_groups[0x93] == CommandGroup::write_same);
    CHECK(command_groups[0x00] == CommandGroup::other);
    CHECK(group_names[static_cast<std::size_t>(CommandGroup::copy)] == "copy");
    CHECK(direction_of(CommandGroup::write) == Direction::write);
    CHECK(direction_of(CommandGroup::flush) == Direction::other);
    CHECK(direction_names[static_cast<std::size_t>(Direction::read)] == "read");
}
