// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/record.hpp"

#include <cerrno>

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;
using Catch::Matchers::Contains;

namespace {

const Record record{{"alua/default_tg_pt_gp/alua_access_state", 0, 3},
                    {"alua/a group/alua_access_type", 2, 3}};

}  // namespace

TEST_CASE("a record is a line for each change") {
    const auto text = format(record, "user_0/one");
    CHECK(text ==
          "# tcmud-guard made user_0/one answer with errors. Each line: value before, value set, attribute\n"
          "0 3 alua/default_tg_pt_gp/alua_access_state\n"
          "2 3 alua/a group/alua_access_type\n");
    CHECK(parse_record(text).value() == record);
    CHECK(parse_record("").value().empty());
    CHECK(parse_record("0 1 action/block_dev").value() == Record{{"action/block_dev", 0, 1}});
}

TEST_CASE("a damaged record is refused as a whole") {
    for (const auto* line : {"x", "0", "0 3", "0 3 ", "x 3 a", "0 -3 a", "0 3 /etc/passwd", "0 3 ../x",
                             "0 3 a/../b", "0 3 a//b", "0 3 ./a"}) {
        CAPTURE(line);
        const auto parsed = parse_record(std::string("0 1 action/block_dev\n") + line + "\n");
        REQUIRE_FALSE(parsed);
        CHECK_THAT(parsed.error().text, Contains(line));
    }
}

TEST_CASE("a record is written with its directory, and read back") {
    const test::Machine machine;
    CHECK(read_record(machine.record("one")).error().number == ENOENT);
    CHECK(write_record(machine.record("one"), record, "user_0/one"));
    CHECK(read_record(machine.record("one")).value() == record);
}
