// SPDX-License-Identifier: Apache-2.0
// tcmuctl: asks a running tcmud what it does.
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "handler/ctl/client.hpp"
#include "handler/ctl/tables.hpp"

namespace {

using tcmud::ctl::get;
using tcmud::ctl::post;

constexpr int failed = 1;
constexpr int usage = 2;

struct Wish {
    std::string run_directory = "/run/tcmud";
    bool as_json = false;
    std::string lun;
    std::vector<std::string> faults;
    std::string older_than;
};

// A name alone is one of user_0, where most LUNs are.
std::string full_name(const std::string& lun) {
    return lun.find('/') == std::string::npos ? "user_0/" + lun : lun;
}

int list(const Wish& wish, const std::filesystem::path& socket) {
    const auto luns = get(socket, "/luns");
    if (!luns) {
        std::cerr << "tcmuctl: " << luns.error().text << "\n";
        return failed;
    }
    std::cout << (wish.as_json ? luns->dump(2) + "\n" : tcmud::ctl::list_table(*luns));
    return 0;
}

int daemon_status(const Wish& wish, const std::filesystem::path& socket) {
    const auto daemon = get(socket, "/daemon");
    if (!daemon) {
        std::cerr << "tcmuctl: " << daemon.error().text << "\n";
        return failed;
    }
    std::cout << (wish.as_json ? daemon->dump(2) + "\n" : tcmud::ctl::daemon_text(*daemon));
    return 0;
}

int status(const Wish& wish, const std::filesystem::path& socket) {
    if (wish.lun.empty()) return daemon_status(wish, socket);
    const auto name = full_name(wish.lun);
    const auto luns = get(socket, "/luns");
    if (!luns) {
        std::cerr << "tcmuctl: " << luns.error().text << "\n";
        return failed;
    }
    for (const auto& lun : *luns) {
        if (tcmud::ctl::full_name(lun) != name) continue;
        std::cout << (wish.as_json ? lun.dump(2) + "\n" : tcmud::ctl::status_text(lun));
        return 0;
    }
    std::cerr << "tcmuctl: there is no LUN '" << wish.lun << "': tcmuctl list shows all\n";
    return failed;
}

int fault(const Wish& wish, const std::filesystem::path& socket) {
    std::string command = "fault";
    for (const auto& word : wish.faults) command += " " + word;
    const auto answer = post(socket, "/control", {{"lun", full_name(wish.lun)}, {"command", command}});
    if (!answer) {
        std::cerr << "tcmuctl: " << answer.error().text << "\n";
        return failed;
    }
    std::cout << answer->value("answer", "");
    return 0;
}

int hung(const Wish& wish, const std::filesystem::path& socket) {
    const auto report = get(socket, wish.older_than.empty() ? "/hung" : "/hung?older=" + wish.older_than);
    if (!report) {
        std::cerr << "tcmuctl: " << report.error().text << "\n";
        return failed;
    }
    std::cout << (wish.as_json ? report->dump(2) + "\n" : tcmud::ctl::hung_table(*report));
    return 0;
}

int end_waiting(const Wish& wish, const std::filesystem::path& socket) {
    const auto answer = post(socket, "/end-waiting", {{"lun", full_name(wish.lun)}});
    if (answer) return 0;
    std::cerr << "tcmuctl: " << answer.error().text << "\n";
    return failed;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Asks a running tcmud what it does.", "tcmuctl");
    Wish wish;
    app.set_version_flag("-V,--version", "tcmuctl " TCMUD_VERSION);
    app.add_option("--run-dir", wish.run_directory, "the daemon's run directory")->capture_default_str();
    app.require_subcommand(1);
    auto* list_command = app.add_subcommand("list", "every LUN, a line each");
    list_command->add_flag("-j,--json", wish.as_json, "as JSON");
    auto* status_command = app.add_subcommand("status", "one LUN in full, or the daemon");
    status_command->add_option("lun", wish.lun, "HBA/NAME, or NAME for user_0/NAME; none: the daemon itself");
    status_command->add_flag("-j,--json", wish.as_json, "as JSON");
    auto* fault_command =
        app.add_subcommand("fault", "shows or changes the faults that a LUN of the fault backend injects");
    fault_command->add_option("lun", wish.lun, "HBA/NAME, or NAME for user_0/NAME")->required();
    fault_command->add_option("rules", wish.faults,
                              "rules instead of those it has, e.g. write:error=EIO,rate=0.1; off: none; "
                              "release: lets go what is held; nothing: shows them");
    auto* hung_command = app.add_subcommand("hung", "commands that take too long, and what they wait for");
    hung_command
        ->add_option("--older", wish.older_than,
                     "seconds that they have been in flight; default: command_report_after of tcmud.toml")
        ->check(CLI::NonNegativeNumber);
    hung_command->add_flag("-j,--json", wish.as_json, "as JSON");
    auto* end_waiting_command = app.add_subcommand(
        "end-waiting", "of a LUN that is being removed: commands that only wait end with an error");
    end_waiting_command->add_option("lun", wish.lun, "HBA/NAME, or NAME for user_0/NAME")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : usage;
    }
    const auto socket = std::filesystem::path(wish.run_directory) / "control.sock";
    if (*fault_command) return fault(wish, socket);
    if (*hung_command) return hung(wish, socket);
    if (*end_waiting_command) return end_waiting(wish, socket);
    return *list_command ? list(wish, socket) : status(wish, socket);
}
