// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/command_line.hpp"

#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "handler/daemon/config_file.hpp"
#include "handler/daemon/runner_config.hpp"

namespace tcmud::daemon {

namespace {

constexpr auto default_config = "/etc/tcmud/tcmud.toml";
constexpr auto runner_config = "/etc/tcmu/tcmu.conf";

constexpr auto description =
    "Serves the LUNs of Linux's SCSI target (LIO) whose backstore is in user space (TCMU).\n"
    "Without options it serves all of them, in the foreground, and logs to stderr.";

constexpr auto footer =
    "Exit codes: 0 stopped as asked, or a check found nothing wrong; 1 failed; 2 wrong usage or "
    "configuration;\n"
    "3 another tcmud has the run directory; 4 the kernel has no target_core_user.\n"
    "See tcmud(8).";

struct Arguments {
    std::string config_file = default_config;
    std::string log_level;
    std::string run_directory;
    std::string module_directory;
    std::vector<std::string> subtypes;
    std::vector<std::string> hbas;
    std::vector<std::string> not_hbas;
    bool no_reply = false;
    bool no_dbus = false;
    bool takeover = false;
    bool check_config = false;
    std::string check;
    std::uint64_t size = 0;
    std::uint32_t block_size = 512;
};

// CLI11 takes -1 for the largest number there is.
std::string not_negative(const std::string& text) {
    return text.starts_with('-') ? "must be a number of bytes" : "";
}

void declare(CLI::App& app, Arguments& arguments) {
    app.set_version_flag("-V,--version", fmt::format("tcmud {} ({})", TCMUD_VERSION, TCMUD_BUILD_ID));
    app.footer(footer);
    app.add_option("-c,--config", arguments.config_file, "configuration file")->capture_default_str();
    app.add_option("--log-level", arguments.log_level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    app.add_option("--run-dir", arguments.run_directory,
                   "where the control socket is; one tcmud each (/run/tcmud)");
    app.add_option("--modules", arguments.module_directory, "directory of the backend modules");
    app.add_option("--subtypes", arguments.subtypes, "serve these subtypes only, e.g. file,ram")
        ->delimiter(',');
    app.add_option("--hba", arguments.hbas, "serve LUNs of these HBAs only, e.g. user_7")->delimiter(',');
    app.add_option("--not-hba", arguments.not_hbas, "leave LUNs of these HBAs to others")->delimiter(',');
    app.add_flag("--no-reply", arguments.no_reply, "don't make the kernel wait for answers (no reply mode)");
    app.add_flag("--no-dbus", arguments.no_dbus, "stay away from D-Bus; targetcli does not see the handlers");
    app.add_flag("--takeover", arguments.takeover,
                 "take all LUNs over from the tcmud that runs, while initiators go on");
    app.add_flag("--check-config", arguments.check_config, "look for errors in the configuration, and leave");
    app.add_option("--check", arguments.check, "say whether a LUN SUBTYPE/CFG could be opened, and leave");
    app.add_option("--size", arguments.size, "with --check: the LUN's size in bytes")->check(not_negative);
    app.add_option("--block-size", arguments.block_size, "with --check: the LUN's block size in bytes")
        ->capture_default_str();
}

void apply(const Arguments& arguments, Settings& settings) {
    if (const auto level = log::level_from(arguments.log_level)) {
        settings.log_level = *level;
        settings.adopted.clear();
    }
    if (!arguments.run_directory.empty()) settings.run_directory = arguments.run_directory;
    if (!arguments.module_directory.empty()) settings.module_directory = arguments.module_directory;
    if (!arguments.subtypes.empty()) settings.subtypes = arguments.subtypes;
    if (!arguments.hbas.empty()) settings.hbas = arguments.hbas;
    if (!arguments.not_hbas.empty()) settings.not_hbas = arguments.not_hbas;
    if (arguments.no_reply) settings.reply_mode = false;
    if (arguments.no_dbus) settings.dbus = false;
}

// named: the administrator has named the file.
Result<Settings> settings_of(const Arguments& arguments, bool named) {
    Settings settings;
    if (!named) adopt_runner_config(runner_config, settings);
    if (const auto applied = apply_config_file(arguments.config_file, named, settings); !applied)
        return tl::unexpected(applied.error());
    apply(arguments, settings);
    return settings;
}

}  // namespace

std::variant<Serve, Check, Leave> parse_command_line(int argc, const char* const* argv) {
    CLI::App app(description, "tcmud");
    Arguments arguments;
    declare(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? ExitCode::ok : ExitCode::usage;
    }
    const auto read = [arguments, named = app.count("--config") != 0] {
        return settings_of(arguments, named);
    };
    const auto settings = read();
    if (!settings) {
        std::cerr << "tcmud: " << settings.error().text << "\n";
        return ExitCode::usage;
    }
    if (arguments.check_config) {
        const auto files = config_files(arguments.config_file);
        for (const auto& file : *files)
            std::cout << file.string() << (std::filesystem::exists(file) ? ": no errors\n" : ": not there\n");
        return ExitCode::ok;
    }
    if (!arguments.check.empty())
        return Check{*settings, arguments.check, arguments.size, arguments.block_size};
    return Serve{*settings, read, arguments.takeover, {argv, argv + argc}};
}

}  // namespace tcmud::daemon
