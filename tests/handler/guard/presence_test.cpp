// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/presence.hpp"

#include <optional>

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;

TEST_CASE("a tcmud is seen by its locks") {
    const test::Machine machine;
    const auto& run = machine.paths.run_directory;
    CHECK(presence(run) == Presence::absent);
    std::optional<File> tcmud(machine.tcmud(false));
    CHECK(presence(run) == Presence::starting);
    tcmud.reset();
    CHECK(presence(run) == Presence::absent);
    tcmud.emplace(machine.tcmud(true));
    CHECK(presence(run) == Presence::serving);
}

TEST_CASE("looking keeps no tcmud from starting, nor does a directory that was made anew") {
    const test::Machine machine;
    const auto& run = machine.paths.run_directory;
    std::optional<File> tcmud(machine.tcmud(true));
    CHECK(presence(run) == Presence::serving);
    tcmud.reset();
    std::filesystem::remove_all(run);
    CHECK(presence(run) == Presence::absent);
    std::filesystem::create_directories(run);
    tcmud.emplace(machine.tcmud(true));
    CHECK(presence(run) == Presence::serving);
}
