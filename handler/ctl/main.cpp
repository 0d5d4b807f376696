// SPDX-License-Identifier: Apache-2.0
// tcmuctl: asks a running tcmud what it does. This file is its command line.
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "handler/ctl/commands.hpp"
#include "handler/ctl/medium.hpp"

namespace {

using namespace tcmud::ctl;

constexpr auto lun_help = "HBA/NAME, or NAME for user_0/NAME";

// Which command it is to be.
using Run = std::function<int(const Wish&)>;

CLI::App* declare(CLI::App& app, const char* name, const char* help, Run command, Run& run) {
    auto* declared = app.add_subcommand(name, help);
    declared->callback([&run, command = std::move(command)] { run = command; });
    return declared;
}

void declare_media(CLI::App& app, Wish& wish, Run& run) {
    auto* medium = app.add_subcommand("medium", "loads and unloads tape drives, fills and empties libraries");
    medium->require_subcommand(1);
    const auto of_drive = [&](const char* name, const char* help, const Run& command) {
        declare(*medium, name, help, command, run)->add_option("lun", wish.lun, lun_help)->required();
    };
    of_drive("load", "has a tape drive load the cartridge that lies in it", medium_load);
    of_drive("unload", "has a tape drive unload its cartridge, unless an initiator prevents it",
             medium_unload);
    const auto of_changer = [&](const char* name, const char* help, const Run& command) {
        auto* declared = declare(*medium, name, help, command, run);
        declared->add_option("lun", wish.lun, "the LUN of its changer: HBA/NAME, or NAME for user_0/NAME")
            ->required();
        declared->add_option("cartridge", wish.cartridge, "by its barcode")->required();
    };
    of_changer("import", "puts a cartridge from outside into a library", medium_import);
    of_changer("export", "takes a cartridge out of a library", medium_export);
}

void declare_views(CLI::App& app, Wish& wish, Run& run) {
    const auto json = [&](CLI::App* command) { command->add_flag("-j,--json", wish.as_json, "as JSON"); };
    json(declare(app, "list", "every LUN, a line each", list, run));
    auto* of_status = declare(app, "status", "one LUN in full, or the daemon", status, run);
    of_status->add_option("lun", wish.lun, "HBA/NAME, or NAME for user_0/NAME; none: the daemon itself");
    json(of_status);
    auto* of_top =
        declare(app, "top", "the busiest LUNs, again and again; once if the output is no terminal", top, run);
    of_top->add_option("-d,--delay", wish.interval_seconds, "seconds between two looks")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    of_top->add_option("-s,--sort", wish.order, "name, iops, bytes, latency or queue")
        ->transform(CLI::CheckedTransformer(std::map<std::string, TopOrder>{{"name", TopOrder::name},
                                                                            {"iops", TopOrder::commands},
                                                                            {"bytes", TopOrder::bytes},
                                                                            {"latency", TopOrder::latency},
                                                                            {"queue", TopOrder::queue}}));
    declare(app, "stats", "all counters and latencies, as JSON", stats, run);
    auto* of_hung = declare(app, "hung", "commands that take too long, and what they wait for", hung, run);
    of_hung
        ->add_option("--older", wish.older_than,
                     "seconds that they have been in flight; default: command_report_after of tcmud.toml")
        ->check(CLI::NonNegativeNumber);
    json(of_hung);
    json(declare(app, "modules", "the backends that LUNs can have, and their options", modules, run));
    json(declare(app, "doctor", "what is wrong with this machine, and the commands that mend it", doctor,
                 run));
}

void declare_changes(CLI::App& app, Wish& wish, Run& run) {
    const auto lun = [&](CLI::App* command) {
        command->add_option("lun", wish.lun, lun_help)->required();
        return command;
    };
    lun(declare(app, "resize", "gives a LUN another size, while it is used", resize, run))
        ->add_option("size", wish.size, "bytes, or with K, M, G or T")
        ->required();
    declare(app, "log-level", "shows or changes what is written to the log", log_level, run)
        ->add_option("level", wish.log_level, "debug, info, warning or error; none: shows it")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    auto* of_check = declare(app, "check", "whether a LUN could be opened, without making one", check, run);
    of_check->add_option("config", wish.config, "SUBTYPE/CFG, e.g. file//srv/disk.img")->required();
    of_check->add_option("--size", wish.size, "the LUN's size: bytes, or with K, M, G or T");
    of_check->add_option("--block-size", wish.block_size, "the LUN's block size in bytes");
    lun(declare(app, "fault", "shows or changes the faults that a LUN of the fault backend injects", fault,
                run))
        ->add_option("rules", wish.faults,
                     "rules instead of those it has, e.g. write:error=EIO,rate=0.1; off: none; "
                     "release: lets go what is held; nothing: shows them");
    lun(declare(app, "end-waiting",
                "of a LUN that is being removed: commands that only wait end with an error", end_waiting,
                run));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Asks a running tcmud what it does.", "tcmuctl");
    Wish wish;
    Run run;
    std::string run_directory = "/run/tcmud";
    app.set_version_flag("-V,--version", "tcmuctl " TCMUD_VERSION);
    app.add_option("--run-dir", run_directory, "the daemon's run directory")->capture_default_str();
    app.require_subcommand(1);
    declare_views(app, wish, run);
    declare_changes(app, wish, run);
    declare_media(app, wish, run);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? succeeded : wrong_usage;
    }
    wish.socket = std::filesystem::path(run_directory) / "control.sock";
    try {
        return run(wish);
    } catch (const std::exception& error) {
        std::cerr << "tcmuctl: " << error.what() << "\n";
        return failed;
    }
}
