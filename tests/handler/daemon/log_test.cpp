// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/log.hpp"

#include <stdlib.h>

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/support/captured_output.hpp"

namespace logging = tcmud::log;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using tcmud::test::CapturedOutput;

namespace {

// Under systemd lines would go to the journal; said before the first of them.
[[maybe_unused]] const int to_stderr = ::unsetenv("JOURNAL_STREAM");

auto count(const std::string& text, char c) {
    return std::ranges::count(text, c);
}

class LevelForNow {
public:
    explicit LevelForNow(logging::Level level) { logging::set_level(level); }
    ~LevelForNow() { logging::set_level(before_); }

private:
    logging::Level before_ = logging::level();
};

}  // namespace

TEST_CASE("a level has one name, both ways") {
    for (const auto* name : {"debug", "info", "warning", "error"}) {
        REQUIRE(logging::level_from(name));
        CHECK(logging::name_of(*logging::level_from(name)) == name);
    }
    CHECK_FALSE(logging::level_from("loud"));
    CHECK_FALSE(logging::level_from(""));
    CHECK_FALSE(logging::level_from("Info"));
}

TEST_CASE("an event is one line on stderr, with its level") {
    const LevelForNow level(logging::Level::info);
    CapturedOutput output(stderr);
    logging::warning("{}: {} of {}", "user_0/a", 1, 2);
    const auto text = output.text();
    CHECK_THAT(text, EndsWith(" warning: user_0/a: 1 of 2\n"));
    CHECK(count(text, '\n') == 1);
}

TEST_CASE("what is below the level is not written") {
    const LevelForNow level(logging::Level::warning);
    CHECK(logging::level() == logging::Level::warning);
    CapturedOutput output(stderr);
    logging::debug("below, by far");
    logging::info("below");
    CHECK(output.text().empty());
    logging::error("above");
    CHECK_THAT(output.text(), Contains("error: above"));
}

TEST_CASE("a line that repeats is written five times, then counted") {
    const LevelForNow level(logging::Level::info);
    CapturedOutput output(stderr);
    for (int i = 0; i < 100; ++i) logging::info("the same again");
    CHECK(count(output.text(), '\n') == 5);
    logging::info("another");
    CHECK_THAT(output.text(), Contains("(came 95 times more: the same again)\nanother\n"));
}

TEST_CASE("lines that take turns cannot fill a disk either") {
    const LevelForNow level(logging::Level::info);
    CapturedOutput output(stderr);
    for (int i = 0; i < 100; ++i) {
        logging::info("one");
        logging::info("the other");
    }
    CHECK(count(output.text(), '\n') < 50);
}
