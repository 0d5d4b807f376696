// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/command_line.hpp"

#include <fstream>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/captured_output.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud::daemon;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using tcmud::test::CapturedOutput;

namespace {

// A configuration file of the test's, so that the machine's does not matter.
class CommandLine {
public:
    explicit CommandLine(const std::string& config = "") { std::ofstream(file()) << config; }

    std::string file() const { return (directory_.path() / "tcmud.toml").string(); }
    auto parse(const std::vector<std::string>& arguments) {
        std::vector<const char*> all{"tcmud"};
        const auto config = "--config=" + file();
        all.push_back(config.c_str());
        for (const auto& argument : arguments) all.push_back(argument.c_str());
        CapturedOutput output(stdout);
        CapturedOutput errors(stderr);
        auto parsed = parse_command_line(static_cast<int>(all.size()), all.data());
        printed = output.text();
        complained = errors.text();
        return parsed;
    }

    std::string printed;
    std::string complained;

private:
    tcmud::test::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("without options the configuration file decides") {
    CommandLine line("serving_threads = 3\nsubtypes = [\"file\"]\n");
    const auto parsed = line.parse({});
    REQUIRE(std::holds_alternative<Serve>(parsed));
    const auto& serve = std::get<Serve>(parsed);
    CHECK(serve.settings.serving_threads == 3);
    CHECK(serve.settings.subtypes == std::vector<std::string>{"file"});
    CHECK_FALSE(serve.takeover);
    CHECK(line.printed.empty());
    CHECK(line.complained.empty());
}

TEST_CASE("a takeover is asked for by an option, and the whole command line is known to the next one") {
    CommandLine line("");
    const auto parsed = line.parse({"--takeover"});
    REQUIRE(std::holds_alternative<Serve>(parsed));
    CHECK(std::get<Serve>(parsed).takeover);
    CHECK(std::get<Serve>(parsed).arguments.back() == "--takeover");
}

TEST_CASE("a look at the configuration names the files that it read, and serves nothing") {
    CommandLine line("serving_threads = 3\n");
    const auto parsed = line.parse({"--check-config"});
    REQUIRE(std::holds_alternative<Leave>(parsed));
    CHECK(std::get<Leave>(parsed) == ExitCode::ok);
    CHECK(line.printed == line.file() + ": no errors\n");

    CommandLine wrong("serving_threads = -3\n");
    const auto refused = wrong.parse({"--check-config"});
    REQUIRE(std::holds_alternative<Leave>(refused));
    CHECK(std::get<Leave>(refused) == ExitCode::usage);
}

TEST_CASE("a reload reads the file again, and options keep their precedence") {
    CommandLine line("log_level = \"error\"\nserving_threads = 3\n");
    const auto parsed = line.parse({"--log-level=debug"});
    REQUIRE(std::holds_alternative<Serve>(parsed));
    std::ofstream(line.file()) << "log_level = \"warning\"\n";
    const auto again = std::get<Serve>(parsed).read_again();
    REQUIRE(again);
    CHECK(again->log_level == tcmud::log::Level::debug);
    CHECK(again->serving_threads == 0);
    std::ofstream(line.file()) << "log_level = 7\n";
    CHECK_FALSE(std::get<Serve>(parsed).read_again());
}

TEST_CASE("options take precedence over the configuration file") {
    CommandLine line("log_level = \"error\"\nsubtypes = [\"file\"]\nrun_directory = \"/run/a\"\n");
    const auto parsed =
        line.parse({"--log-level", "debug", "--subtypes", "ram,null", "--run-dir", "/run/b", "--modules",
                    "/m", "--hba", "user_7", "--not-hba", "user_1,user_2", "--no-reply", "--no-dbus"});
    REQUIRE(std::holds_alternative<Serve>(parsed));
    const auto& settings = std::get<Serve>(parsed).settings;
    CHECK(settings.log_level == tcmud::log::Level::debug);
    CHECK(settings.subtypes == std::vector<std::string>{"ram", "null"});
    CHECK(settings.run_directory == "/run/b");
    CHECK(settings.module_directory == "/m");
    CHECK(settings.hbas == std::vector<std::string>{"user_7"});
    CHECK(settings.not_hbas == std::vector<std::string>{"user_1", "user_2"});
    CHECK_FALSE(settings.reply_mode);
    CHECK_FALSE(settings.dbus);
}

TEST_CASE("a LUN is asked for by --check, instead of serving") {
    CommandLine line;
    const auto parsed =
        line.parse({"--check", "file//srv/a b;direct=on", "--size", "1048576", "--block-size", "4096"});
    REQUIRE(std::holds_alternative<Check>(parsed));
    const auto& check = std::get<Check>(parsed);
    CHECK(check.config == "file//srv/a b;direct=on");
    CHECK(check.size == 1048576);
    CHECK(check.block_size == 4096);
    CHECK(std::get<Check>(line.parse({"--check", "ram/"})).block_size == 512);
}

TEST_CASE("help and version are printed, and that is all") {
    CommandLine line;
    const auto helped = line.parse({"--help"});
    REQUIRE(std::holds_alternative<Leave>(helped));
    CHECK(std::get<Leave>(helped) == ExitCode::ok);
    for (const auto* option :
         {"--config", "--log-level", "--run-dir", "--modules", "--subtypes", "--hba", "--not-hba",
          "--no-reply", "--no-dbus", "--takeover", "--check", "--size", "--block-size", "--version"}) {
        CHECK_THAT(line.printed, Contains(option));
    }
    CHECK_THAT(line.printed, Contains("Exit codes: 0"));
    CHECK(std::get<Leave>(line.parse({"--version"})) == ExitCode::ok);
    CHECK_THAT(line.printed, StartsWith("tcmud "));
}

TEST_CASE("what cannot be understood ends with the exit code of wrong usage") {
    CommandLine line;
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--unknown"},
                                                  {"file"},
                                                  {"--log-level", "loud"},
                                                  {"--check"},
                                                  {"--check", "ram/", "--size", "much"},
                                                  {"--run-dir"}}) {
        CAPTURE(wrong);
        const auto parsed = line.parse(wrong);
        REQUIRE(std::holds_alternative<Leave>(parsed));
        CHECK(std::get<Leave>(parsed) == ExitCode::usage);
        CHECK_FALSE(line.complained.empty());
    }
}

TEST_CASE("a wrong configuration file is wrong usage, with file and line") {
    CommandLine line("\nserving_threads = -1\n");
    const auto parsed = line.parse({});
    REQUIRE(std::holds_alternative<Leave>(parsed));
    CHECK(std::get<Leave>(parsed) == ExitCode::usage);
    CHECK_THAT(line.complained, StartsWith("tcmud: " + line.file() + ":2: serving_threads must be"));
}

TEST_CASE("a configuration file that was named must exist") {
    CommandLine line;
    std::filesystem::remove(line.file());
    CHECK(std::get<Leave>(line.parse({})) == ExitCode::usage);
    CHECK_THAT(line.complained, Contains("cannot read"));
}

TEST_CASE("a negative size is wrong usage, not an enormous one") {
    CommandLine line;
    CHECK(std::holds_alternative<Leave>(line.parse({"--check", "ram/", "--size", "-1"})));
    CHECK(std::holds_alternative<Leave>(line.parse({"--check", "ram/", "--block-size", "-512"})));
}
