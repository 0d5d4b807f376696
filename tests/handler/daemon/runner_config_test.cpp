// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/runner_config.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "handler/daemon/config_file.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud::daemon;
using Catch::Matchers::Contains;
using tcmud::log::Level;

TEST_CASE("tcmu-runner's log levels have their counterparts") {
    CHECK(parse_runner_config("log_level = 0").log_level == Level::error);
    CHECK(parse_runner_config("log_level = 1").log_level == Level::error);
    CHECK(parse_runner_config("log_level = 2").log_level == Level::warning);
    CHECK(parse_runner_config("log_level = 3").log_level == Level::info);
    CHECK(parse_runner_config("log_level = 4").log_level == Level::debug);
    CHECK(parse_runner_config("log_level = 5").log_level == Level::debug);
}

TEST_CASE("tcmu.conf may be written in many ways") {
    CHECK(parse_runner_config("# a comment\n\n  log_level=2 # why\r\n").log_level == Level::warning);
    CHECK(parse_runner_config("log_level = 4\nlog_level = 1\n").log_level == Level::error);
    CHECK(parse_runner_config("log_dir = \"/var/log\"\n").has_log_directory);
    CHECK(parse_runner_config("a\nlog_dir = \"/x\"\nlog_level\t=\t2").log_level == Level::warning);
}

TEST_CASE("what tcmud does not understand of tcmu.conf is passed over") {
    for (const char* text :
         {"", "\n", "[section]\n", "log_level", "log_level =", "log_level = 6", "log_level = -1",
          "log_level = \"3\"", "# log_level = 2", "xlog_level = 2", "=", "#"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_runner_config(text).log_level);
    }
}

TEST_CASE("tcmu.conf counts where tcmud.toml has nothing") {
    const tcmud::test::TemporaryDirectory directory;
    const auto file = directory.path() / "tcmu.conf";
    std::ofstream(file) << "log_level = 2\nlog_dir = \"/var/log\"\n";
    Settings settings;
    adopt_runner_config(file, settings);
    CHECK(settings.log_level == Level::warning);
    CHECK_THAT(settings.adopted, Contains("log_level = \"warning\" is taken from " + file.string()));
    CHECK_THAT(settings.adopted, Contains("its log_dir is not used"));

    REQUIRE(apply_config("open_timeout = 5", "tcmud.toml", settings));
    CHECK_FALSE(settings.adopted.empty());
    REQUIRE(apply_config("log_level = \"info\"", "tcmud.toml", settings));
    CHECK(settings.log_level == Level::info);
    CHECK(settings.adopted.empty());
}

TEST_CASE("without a tcmu.conf nothing is taken from it") {
    const tcmud::test::TemporaryDirectory directory;
    Settings settings;
    adopt_runner_config(directory.path() / "none", settings);
    CHECK(settings.adopted.empty());
    CHECK(settings.log_level == Level::info);
}
