// SPDX-License-Identifier: Apache-2.0
// What the administrator can set: defaults, then /etc/tcmud/tcmud.toml, then the command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "handler/daemon/cpu_list.hpp"
#include "handler/daemon/listen_address.hpp"
#include "handler/daemon/log.hpp"

namespace tcmud::daemon {

struct Settings {
    log::Level log_level = log::Level::info;
    std::filesystem::path run_directory = "/run/tcmud";
    std::filesystem::path module_directory;  // Empty: default_module_directory().

    // Serve these subtypes only, and LUNs of these HBAs only ("user_7"); empty: all.
    std::vector<std::string> subtypes;
    std::vector<std::string> hbas;
    // Leave these HBAs alone.
    std::vector<std::string> not_hbas;

    // Whether `enable` waits for us, and fails where a LUN cannot be opened.
    bool reply_mode = true;
    // Whether to be on D-Bus, for targetcli.
    bool dbus = true;
    // 0: one for each of the next list, as many as CPUs if that is empty.
    std::size_t serving_threads = 0;
    // What the first, second … thread of each kind is confined to.
    std::vector<CpuList> serving_cpus;
    // How long a serving thread may look at its rings before it sleeps.
    std::chrono::microseconds busy_wait{0};
    std::chrono::milliseconds open_timeout{10'000};
    // Commands of a LUN that cannot be opened wait that long; then they are answered NOT READY.
    std::chrono::milliseconds not_ready_after{20'000};
    // After this time an event of a subtype that nobody serves is answered with an error.
    std::chrono::milliseconds unserved_timeout{5'000};
    // What a stop waits for commands that were begun.
    std::chrono::milliseconds stop_timeout{800};
    // A command that has been in flight for longer is reported.
    std::chrono::milliseconds command_report_after{15'000};
    // Where Prometheus may ask for metrics; nullopt: on the control socket only.
    std::optional<ListenAddress> metrics_address;
    // Replaces the kernel's default of 30 s in attrib/cmd_time_out; 0: commands never expire.
    unsigned command_timeout_s = 0;

    // For the log: what was taken from tcmu-runner's configuration.
    std::string adopted;

    // Confined: sees only a part, and touches nothing that is the whole module's.
    bool confined() const { return !subtypes.empty() || !hbas.empty(); }
};

}  // namespace tcmud::daemon
