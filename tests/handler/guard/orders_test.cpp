// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/orders.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;

TEST_CASE("orders are text, about a LUN") {
    const Lun lun{"user_0", "a b"};
    CHECK(order_to_guard({lun, 7, true}).text == "begin 7 user_0-a b");
    CHECK(order_to_guard({lun, std::nullopt, false}).text == "go-on - user_0-a b");
    CHECK(order_to_undo(lun).text == "undo - user_0-a b");
    CHECK(order_to_undo(lun).subject == "user_0/a b");
    CHECK(order_to_free_writers().text == "free-writers");
}

TEST_CASE("the longest name fits into an order") {
    CHECK(order_to_guard({{"user_4294967295", std::string(255, 'x')}, 4294967295, true}).text.size() <
          longest_order);
}

TEST_CASE("orders are obeyed") {
    const test::Machine machine;
    machine.add_lun("a b", 7);
    const Lun lun{"user_0", "a b"};
    CHECK(obey(machine.paths, order_to_guard({lun, 7, true}).text).outcome == Outcome::guarded);
    CHECK(std::filesystem::exists(machine.record("a b")));
    CHECK(obey(machine.paths, order_to_guard({lun, 7, false}).text).outcome == Outcome::guarded);
    CHECK(obey(machine.paths, order_to_undo(lun).text).outcome == Outcome::undone);
    CHECK_FALSE(std::filesystem::exists(machine.record("a b")));
    CHECK(obey(machine.paths, "begin 7 nonsense").outcome == Outcome::failed);
}
