// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/attribute.hpp"

#include <cerrno>

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;

TEST_CASE("what is read as words is what is written as numbers") {
    CHECK(number_of("blocked\n") == 1u);
    CHECK(number_of("unblocked\n") == 0u);
    CHECK(number_of("None\n") == 0u);
    CHECK(number_of("Implicit\n") == 1u);
    CHECK(number_of("Explicit\n") == 2u);
    CHECK(number_of("Implicit and Explicit\n") == 3u);
}

TEST_CASE("numbers are numbers, and nothing else is one") {
    CHECK(number_of("0\n") == 0u);
    CHECK(number_of("30000") == 30000u);
    for (const auto* text : {"", "\n", "x", "-1", "1 2", "99999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(number_of(text));
    }
}

TEST_CASE("an attribute is written and read back, and one that is missing has its errno") {
    const test::Machine machine;
    machine.add_lun("one", 0);
    const auto path = machine.device("one") / "alua" / "default_tg_pt_gp" / "alua_access_state";
    CHECK(read_attribute(path).value() == 0);
    CHECK(write_attribute(path, 3));
    CHECK(read_attribute(path).value() == 3);
    const auto missing = read_attribute(machine.device("one") / "no");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().number == ENOENT);
    // Not made: configfs would refuse, and elsewhere it would be litter.
    CHECK_FALSE(write_attribute(machine.device("one") / "no", 1));
}
