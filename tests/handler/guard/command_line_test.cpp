// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/command_line.hpp"

#include <utility>

#include <catch2/catch.hpp>

using namespace tcmud::guard;
using std::chrono::seconds;

TEST_CASE("without options it watches the usual run directory for half a minute") {
    const auto options = parse_command_line({});
    REQUIRE(options);
    CHECK(options->action == Options::Action::watch);
    CHECK(options->run_directory == "/run/tcmud");
    CHECK(options->after == seconds(30));
}

TEST_CASE("values stand behind their option or behind an equals sign") {
    const auto options = parse_command_line({"--after", "5", "--run-dir=/run/other"});
    REQUIRE(options);
    CHECK(options->after == seconds(5));
    CHECK(options->run_directory == "/run/other");
    CHECK(parse_command_line({"--undo"})->action == Options::Action::undo);
    CHECK(parse_command_line({"--free-writers"})->action == Options::Action::free_writers);
    CHECK(parse_command_line({"-h", "nonsense"})->action == Options::Action::help);
    CHECK(parse_command_line({"-V"})->action == Options::Action::version);
}

TEST_CASE("wrong usage is named") {
    using Case = std::pair<std::vector<std::string>, std::string>;
    for (const auto& [arguments, error] : {
             Case{{"--bogus"}, "unknown argument '--bogus'"},
             Case{{"30"}, "unknown argument '30'"},
             Case{{"--after"}, "--after needs a value"},
             Case{{"--run-dir="}, "--run-dir needs a value"},
             Case{{"--after", "0"}, "--after 0: must be a number of seconds from 1 to 86400"},
             Case{{"--after", "1.5"}, "--after 1.5: must be a number of seconds from 1 to 86400"},
             Case{{"--after", "-1"}, "--after -1: must be a number of seconds from 1 to 86400"},
         }) {
        const auto options = parse_command_line(arguments);
        REQUIRE_FALSE(options);
        CHECK(options.error().text == error);
    }
}
