// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/lun_guard.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;
using test::state;

namespace {

const Lun one{"user_0", "one"};

}  // namespace

TEST_CASE("a LUN is guarded: recorded, changed, and what waits is ended") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    CHECK(guard_lun(machine.paths, {one, 3, true}).outcome == Outcome::guarded);
    CHECK(machine.attribute("one", state) == "3");
    CHECK(machine.attribute("one", "action/reset_ring") == "2");
    CHECK(machine.read(machine.record("one")).ends_with("\n0 3 " + state + "\n"));
    CHECK(undo_lun(machine.paths, one).outcome == Outcome::undone);
    CHECK(machine.attribute("one", state) == "0");
}

TEST_CASE("a guarded LUN is changed once, and its commands are ended again and again") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    guard_lun(machine.paths, {one, 3, true});
    machine.write(machine.device("one") / "action/reset_ring", "");
    machine.write(machine.device("one") / state, "0\n");  // An administrator's.
    CHECK(guard_lun(machine.paths, {one, 3, false}).outcome == Outcome::guarded);
    CHECK(machine.attribute("one", "action/reset_ring") == "2");
    CHECK(machine.attribute("one", state) == "0\n");
}

TEST_CASE("a successor of a guard that was killed does what is recorded and not done") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    guard_lun(machine.paths, {one, 3, true});
    const auto record = machine.read(machine.record("one"));
    machine.write(machine.device("one") / state, "0\n");
    CHECK(guard_lun(machine.paths, {one, 3, true}).outcome == Outcome::guarded);
    CHECK(machine.attribute("one", state) == "3");
    CHECK(machine.read(machine.record("one")) == record);
}

TEST_CASE("tcmud came in between: nothing is done") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    const auto tcmud = machine.tcmud(true);
    CHECK(guard_lun(machine.paths, {one, 3, true}).outcome == Outcome::returned);
    CHECK(machine.attribute("one", state) == "0\n");
    CHECK(machine.attribute("one", "action/reset_ring").empty());
    CHECK_FALSE(std::filesystem::exists(machine.record("one")));
}

TEST_CASE("a tcmud that only starts keeps no LUN that nobody has open") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    const auto tcmud = machine.tcmud(false);
    CHECK(guard_lun(machine.paths, {one, 3, true}).outcome == Outcome::guarded);
}

TEST_CASE("a LUN that tcmud undid meanwhile is not reset") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    CHECK(guard_lun(machine.paths, {one, 3, false}).outcome == Outcome::returned);
    CHECK(machine.attribute("one", "action/reset_ring").empty());
}

TEST_CASE("a LUN that tcmud cannot open stays guarded") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    guard_lun(machine.paths, {one, 3, true});
    const auto tcmud = machine.tcmud(true);
    machine.write(machine.device("one") / "action/reset_ring", "");
    CHECK(guard_lun(machine.paths, {one, 3, false}).outcome == Outcome::guarded);
    CHECK(machine.attribute("one", "action/reset_ring") == "2");
}

TEST_CASE("no LUN, another LUN's device, one that is not enabled: nothing is done") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    machine.add_lun("two", 4);
    CHECK(guard_lun(machine.paths, {one, std::nullopt, true}).outcome == Outcome::gone);
    CHECK(guard_lun(machine.paths, {one, 4, true}).outcome == Outcome::gone);
    machine.write(machine.device("one") / "enable", "0\n");
    CHECK(guard_lun(machine.paths, {one, 3, true}).outcome == Outcome::gone);
    CHECK(machine.attribute("one", state) == "0\n");
    CHECK(machine.attribute("two", state) == "0\n");
}

TEST_CASE("the record of a LUN that was removed is removed") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    guard_lun(machine.paths, {one, 3, true});
    std::filesystem::remove_all(machine.device("one"));
    SECTION("with its device") {
        CHECK(guard_lun(machine.paths, {one, std::nullopt, false}).outcome == Outcome::gone);
    }
    SECTION("a moment ago") {
        std::filesystem::remove(machine.paths.devices / "uio3");
        CHECK(guard_lun(machine.paths, {one, 3, false}).outcome == Outcome::gone);
    }
    SECTION("and its device is another LUN's already") {
        machine.add_lun("two", 3);
        CHECK(guard_lun(machine.paths, {one, 3, false}).outcome == Outcome::gone);
        CHECK(machine.attribute("two", "action/reset_ring").empty());
    }
    CHECK_FALSE(std::filesystem::exists(machine.record("one")));
}

TEST_CASE("where a change fails what waits is ended all the same, and the failure is told") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    std::filesystem::create_directories(machine.record("one"));  // It cannot be read.
    const auto deed = guard_lun(machine.paths, {one, 3, true});
    CHECK(deed.outcome == Outcome::failed);
    CHECK_FALSE(deed.error.empty());
    CHECK(machine.attribute("one", "action/reset_ring") == "2");
}
