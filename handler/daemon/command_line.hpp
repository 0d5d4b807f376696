// SPDX-License-Identifier: Apache-2.0
// tcmud's command line.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "handler/daemon/settings.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

// Exit codes, documented in tcmud(8).
enum class ExitCode : int {
    ok = 0,
    failed = 1,           // Something went wrong while it ran; with --check: the LUN could not be opened.
    usage = 2,            // The command line or the configuration file is wrong.
    already_running = 3,  // Another tcmud has the run directory.
    no_kernel = 4,        // The kernel has no target_core_user.
};

struct Serve {
    Settings settings;
    std::function<Result<Settings>()> read_again;  // The files, and the same command line.
    bool takeover = false;                         // From the tcmud that runs, if one does.
    // The whole command line, to begin a successor with.
    std::vector<std::string> arguments;
};

// --check SUBTYPE/CFG
struct Check {
    Settings settings;
    std::string config;
    std::uint64_t size = 0;  // Bytes; 0: not known.
    std::uint32_t block_size = 512;
};

// Something was printed already (--help, --version, an error): leave with this code.
using Leave = ExitCode;

std::variant<Serve, Check, Leave> parse_command_line(int argc, const char* const* argv);

}  // namespace tcmud::daemon
