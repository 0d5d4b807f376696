// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/doctor.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace tcmud::ctl;

TEST_CASE("each finding is a line, and the command that mends it another") {
    CHECK(findings_text({{true, "a is wrong", "do b"}, {false, "c is harmless"}, {true, "d is wrong"}}) ==
          "wrong: a is wrong\n"
          "    mend it: do b\n"
          "harmless: c is harmless\n"
          "wrong: d is wrong\n");
    CHECK(findings_text({}) == "");
}

TEST_CASE("what is harmless is not wrong") {
    CHECK(anything_wrong({{false, "a"}, {true, "b"}}));
    CHECK_FALSE(anything_wrong({{false, "a"}}));
    CHECK_FALSE(anything_wrong({}));
}

TEST_CASE("findings can be read by programs, strange names too") {
    const auto json = nlohmann::json::parse(findings_json({{true, "a\xff", "do b"}, {false, "c"}}));
    REQUIRE(json.size() == 2);
    CHECK(json[0]["wrong"] == true);
    CHECK(json[0]["mend"] == "do b");
    CHECK_FALSE(json[1].contains("mend"));
}

TEST_CASE("a machine can be examined without a tcmud") {
    const auto findings = examine("/nonexistent/control.sock");
    CHECK(anything_wrong(findings));  // At least that no tcmud answers.
}
