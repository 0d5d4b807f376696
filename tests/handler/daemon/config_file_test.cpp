// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/config_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string error_of(std::string_view text) {
    Settings settings;
    const auto applied = apply_config(text, "tcmud.toml", settings);
    return applied ? "" : applied.error().text;
}

}  // namespace

TEST_CASE("every key of the configuration file arrives in the settings") {
    Settings settings;
    REQUIRE(apply_config(R"(
        log_level = "debug"
        run_directory = "/run/other"
        module_directory = "/opt/modules"
        subtypes = ["file", "ram"]
        hba = ["user_7"]
        not_hba = ["user_1", "user_2"]
        reply_mode = false
        dbus = false
        serving_threads = 3
        serving_cpus = ["0", "0,0"]
        busy_wait = 50
        open_timeout = 2.5
        not_ready_after = 7
        unserved_timeout = 1
        command_timeout = 60
        command_report_after = 0.5
        metrics_address = "9660"
    )",
                         "tcmud.toml", settings));
    CHECK(settings.log_level == tcmud::log::Level::debug);
    CHECK(settings.run_directory == "/run/other");
    CHECK(settings.module_directory == "/opt/modules");
    CHECK(settings.subtypes == std::vector<std::string>{"file", "ram"});
    CHECK(settings.hbas == std::vector<std::string>{"user_7"});
    CHECK(settings.not_hbas == std::vector<std::string>{"user_1", "user_2"});
    CHECK_FALSE(settings.reply_mode);
    CHECK_FALSE(settings.dbus);
    CHECK(settings.serving_threads == 3);
    REQUIRE(settings.serving_cpus.size() == 2);
    CHECK(settings.serving_cpus[1].text() == "0");
    CHECK(settings.busy_wait == 50us);
    CHECK(settings.open_timeout == 2500ms);
    CHECK(settings.not_ready_after == 7s);
    CHECK(settings.unserved_timeout == 1s);
    CHECK(settings.command_timeout_s == 60);
    CHECK(settings.command_report_after == 500ms);
    CHECK(settings.metrics_address == tcmud::daemon::ListenAddress{"127.0.0.1", 9660});
}

TEST_CASE("an empty configuration changes nothing") {
    Settings settings;
    settings.serving_threads = 5;
    REQUIRE(apply_config("# nothing\n", "tcmud.toml", settings));
    CHECK(settings.serving_threads == 5);
}

TEST_CASE("an unknown key is refused with file, line and the known ones") {
    const auto error = error_of("log_level = \"info\"\n\nlog_levle = \"debug\"\n");
    CHECK_THAT(error,
               StartsWith("tcmud.toml:3: unknown key 'log_levle'") && Contains("log_level, run_directory"));
    CHECK_THAT(error_of("[log]\nlevel = 1\n"), StartsWith("tcmud.toml:1: unknown key 'log'"));
}

TEST_CASE("a value of the wrong type is refused with file, line and what it should be") {
    CHECK(error_of("dbus = \"yes\"") == "tcmud.toml:1: dbus must be true or false");
    CHECK(error_of("\nreply_mode = 1\n") == "tcmud.toml:2: reply_mode must be true or false");
    CHECK_THAT(error_of("serving_threads = \"4\""),
               StartsWith("tcmud.toml:1: serving_threads must be a whole"));
    CHECK_THAT(error_of("log_level = 3"), Contains("\"debug\", \"info\", \"warning\" or \"error\""));
    for (const auto* text : {"serving_threads = 1.5", "command_timeout = true", "open_timeout = \"1\"",
                             "subtypes = \"file\"", "subtypes = [1]", "subtypes = [\"\"]", "hba = [[\"a\"]]",
                             "run_directory = 1", "log_level = \"loud\"", "reply_mode = \"no\""}) {
        CAPTURE(text);
        CHECK_THAT(error_of(text), Contains(" must be "));
    }
}

TEST_CASE("a value out of range is refused") {
    for (const auto* text :
         {"open_timeout = 0", "open_timeout = 0.09", "open_timeout = 3601", "open_timeout = inf",
          "unserved_timeout = -1", "serving_threads = -1", "serving_threads = 1025", "busy_wait = -1",
          "busy_wait = 1001", "busy_wait = 0.5", "command_timeout = -1", "command_timeout = 86401",
          "run_directory = \"run\"", "module_directory = \"\""}) {
        CAPTURE(text);
        CHECK_THAT(error_of(text), Contains(" must be "));
    }
    for (const auto* text : {"open_timeout = 0.1", "open_timeout = 3600", "serving_threads = 0",
                             "serving_threads = 1024", "command_timeout = 0", "command_timeout = 86400"}) {
        CAPTURE(text);
        CHECK(error_of(text).empty());
    }
}

TEST_CASE("CPUs for serving threads are refused where there are none such, or no such thread") {
    for (const auto* text : {"serving_cpus = \"0\"", "serving_cpus = [0]", "serving_cpus = [\"\"]",
                             "serving_cpus = [\"0\", \"1-\"]"}) {
        CAPTURE(text);
        CHECK_THAT(error_of(text), StartsWith("tcmud.toml:1: serving_cpus must be a list with the CPUs of"));
    }
    // No machine of ours has so many.
    CHECK_THAT(error_of("\nserving_cpus = [\"0\", \"0,1023\"]"),
               StartsWith("tcmud.toml:2: serving_cpus must be CPUs that are online (0") &&
                   Contains("), and 1023 is not"));
    CHECK(error_of("serving_threads = 1\nserving_cpus = [\"0\", \"0\"]") ==
          "tcmud.toml: serving_cpus has 2 entries, and serving_threads = 1");
    CHECK(error_of("serving_cpus = [\"0\", \"0\"]").empty());
}

TEST_CASE("a timeout that is no number at all is refused") {
    CHECK_THAT(error_of("open_timeout = nan"), Contains(" must be "));
}

TEST_CASE("what is no TOML is refused with file and line") {
    CHECK_THAT(error_of("reply_mode = true\nhba = [\n"), StartsWith("tcmud.toml:"));
    CHECK_THAT(error_of("reply_mode = true\nreply_mode = true\n"), StartsWith("tcmud.toml:2: "));
}

TEST_CASE("an error applies none of the keys") {
    Settings settings;
    CHECK_FALSE(apply_config("hba = [\"user_7\"]\nserving_threads = -1\n", "tcmud.toml", settings));
    CHECK(settings.hbas.empty());
    CHECK(settings.serving_threads == 0);
}

TEST_CASE("the configuration file may be missing unless somebody named it") {
    const tcmud::test::TemporaryDirectory directory;
    const auto file = directory.path() / "tcmud.toml";
    Settings settings;
    CHECK(apply_config_file(file, false, settings));
    const auto missing = apply_config_file(file, true, settings);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().number == ENOENT);
    CHECK_THAT(missing.error().text, StartsWith(file.string() + ": cannot read"));

    std::ofstream(file) << "serving_threads = 2\nreply_mode = 7\n";
    CHECK_THAT(apply_config_file(file, false, settings).error().text, StartsWith(file.string() + ":2: "));
}

TEST_CASE("drop-ins come after the file, in the order of their names") {
    const tcmud::test::TemporaryDirectory directory;
    const auto file = directory.path() / "tcmud.toml";
    const auto drop_ins = directory.path() / "tcmud.toml.d";
    std::ofstream(file) << "serving_threads = 1\ncommand_timeout = 7\n";
    std::filesystem::create_directory(drop_ins);
    std::ofstream(drop_ins / "20-site.toml") << "serving_threads = 3\n";
    std::ofstream(drop_ins / "10-vendor.toml") << "serving_threads = 2\n";
    std::ofstream(drop_ins / "30-site.toml.bak") << "serving_threads = 4\n";
    Settings settings;
    REQUIRE(apply_config_file(file, false, settings));
    CHECK(settings.serving_threads == 3);
    CHECK(settings.command_timeout_s == 7);

    std::ofstream(drop_ins / "10-vendor.toml") << "serving_threads = 2\nno_such_key = 1\n";
    Settings untouched;
    const auto applied = apply_config_file(file, false, untouched);
    REQUIRE_FALSE(applied);
    CHECK_THAT(applied.error().text, StartsWith((drop_ins / "10-vendor.toml").string() + ":2: "));
    CHECK(untouched.serving_threads == 0);
}

TEST_CASE("a directory is no configuration file") {
    const tcmud::test::TemporaryDirectory directory;
    Settings settings;
    CHECK_FALSE(apply_config_file(directory.path(), true, settings));
}

TEST_CASE("the configuration file that is installed has every key, with its default") {
    std::ifstream file(TCMUD_SOURCE_DIR "/packaging/tcmud.toml");
    std::string keys;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#') && line.find(" = ") != line.npos) keys += line.substr(1) + "\n";
    }
    Settings settings;
    const auto applied = apply_config(keys, "tcmud.toml", settings);
    INFO((applied ? "" : applied.error().text));
    REQUIRE(applied);
    const Settings defaults;
    CHECK(settings.log_level == defaults.log_level);
    CHECK(settings.run_directory == defaults.run_directory);
    CHECK(settings.subtypes == defaults.subtypes);
    CHECK(settings.hbas == defaults.hbas);
    CHECK(settings.not_hbas == defaults.not_hbas);
    CHECK(settings.reply_mode == defaults.reply_mode);
    CHECK(settings.dbus == defaults.dbus);
    CHECK_FALSE(settings.metrics_address);
    CHECK(settings.serving_threads == defaults.serving_threads);
    CHECK(settings.serving_cpus.empty());
    CHECK(settings.busy_wait == defaults.busy_wait);
    CHECK(settings.open_timeout == defaults.open_timeout);
    CHECK(settings.not_ready_after == defaults.not_ready_after);
    CHECK(settings.unserved_timeout == defaults.unserved_timeout);
    CHECK(settings.command_timeout_s == defaults.command_timeout_s);
    CHECK(settings.command_report_after == defaults.command_report_after);

    // "unknown key 'x'; known: log_level, run_directory, …"
    const auto known = error_of("x = 1");
    for (auto at = known.find("known: ") + 7; at < known.size();) {
        const auto end = std::min(known.find(", ", at), known.size());
        CHECK_THAT(keys, Contains(known.substr(at, end - at) + " = "));
        at = end + 2;
    }
}
