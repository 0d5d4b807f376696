// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/measures.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;
using test::state;

TEST_CASE("with ALUA every target port group becomes unavailable") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    machine.add_group("one", "more");
    machine.write(machine.device("one") / "alua/more/alua_access_state", "2\n");
    const auto record = plan(machine.device("one"));
    REQUIRE(record);
    CHECK(*record == Record{{state, 0, 3}, {"alua/more/alua_access_state", 2, 3}});
    CHECK(carry_out(machine.device("one"), *record));
    CHECK(machine.attribute("one", state) == "3");
    CHECK(machine.attribute("one", "alua/more/alua_access_state") == "3");
    CHECK(machine.attribute("one", "action/block_dev") == "unblocked\n");
    CHECK(undo(machine.device("one"), *record));
    CHECK(machine.attribute("one", state) == "0");
    CHECK(machine.attribute("one", "alua/more/alua_access_state") == "2");
}

TEST_CASE("what keeps a group from becoming unavailable, soon, and for now only, is changed first") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    const auto group = machine.device("one") / "alua/default_tg_pt_gp";
    machine.write(group / "alua_access_type", "Explicit\n");
    machine.write(group / "alua_support_unavailable", "0\n");
    machine.write(group / "alua_write_metadata", "1\n");
    machine.write(group / "trans_delay_msecs", "4000\n");
    CHECK(plan(machine.device("one")).value() ==
          Record{{"alua/default_tg_pt_gp/alua_write_metadata", 1, 0},
                 {"alua/default_tg_pt_gp/trans_delay_msecs", 4000, 0},
                 {"alua/default_tg_pt_gp/alua_access_type", 2, 3},
                 {"alua/default_tg_pt_gp/alua_support_unavailable", 0, 1},
                 {state, 0, 3}});
}

TEST_CASE("groups that are unavailable or have no id stay as they are") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    machine.add_group("one", "no id");
    machine.write(machine.device("one") / "alua/no id/tg_pt_gp_id", "");
    machine.write(machine.device("one") / state, "3\n");
    CHECK(plan(machine.device("one")).value().empty());
}

TEST_CASE("without ALUA the LUN is blocked") {
    const test::Machine machine;
    machine.add_lun("one", 0, false);
    const auto record = plan(machine.device("one"));
    CHECK(record.value() == Record{{"action/block_dev", 0, 1}});
    CHECK(carry_out(machine.device("one"), *record));
    CHECK(machine.attribute("one", "action/block_dev") == "1");
}

TEST_CASE("an administrator's own change is kept") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    machine.add_group("one", "more");
    const auto record = plan(machine.device("one")).value();
    CHECK(carry_out(machine.device("one"), record));
    machine.write(machine.device("one") / state, "1\n");
    CHECK(undo(machine.device("one"), record));
    CHECK(machine.attribute("one", state) == "1\n");
    CHECK(machine.attribute("one", "alua/more/alua_access_state") == "0");
}

TEST_CASE("what is gone needs no undoing") {
    const test::Machine machine;
    CHECK(undo(machine.device("one"), {{state, 0, 3}}));
}

TEST_CASE("a record is removed when it is undone") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    CHECK_FALSE(undo_recorded(machine.record("one"), machine.device("one")).value());
    const auto record = plan(machine.device("one")).value();
    CHECK(write_record(machine.record("one"), record, "user_0/one"));
    CHECK(carry_out(machine.device("one"), record));
    CHECK(undo_recorded(machine.record("one"), machine.device("one")).value());
    CHECK(machine.attribute("one", state) == "0");
    CHECK_FALSE(std::filesystem::exists(machine.record("one")));
}

TEST_CASE("a record that cannot be read stays") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    machine.write(machine.record("one"), "nonsense\n");
    CHECK_FALSE(undo_recorded(machine.record("one"), machine.device("one")));
    CHECK(std::filesystem::exists(machine.record("one")));
}

TEST_CASE("waiting commands end with an error, not BUSY") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    CHECK(end_waiting_commands(machine.device("one")));
    CHECK(machine.attribute("one", "action/reset_ring") == "2");
}
