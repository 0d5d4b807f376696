// SPDX-License-Identifier: Apache-2.0
// tcmud-guard. SIGTERM ends it at once, wherever it is: all that it must not forget is in files.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "handler/guard/command_line.hpp"
#include "handler/guard/guard.hpp"
#include "handler/guard/netlink.hpp"

namespace {

using namespace tcmud::guard;

constexpr int failed = 1;
constexpr int wrong_usage = 2;

// One call for each line: processes of the crew share standard error.
void say(const std::string& line) {
    const auto text = "tcmud-guard: " + line + "\n";
    std::fwrite(text.data(), 1, text.size(), stderr);
}

int run(const std::vector<std::string>& arguments) {
    const auto options = parse_command_line(arguments);
    if (!options) {
        say(options.error().text + "; --help shows what there is");
        return wrong_usage;
    }
    if (options->action == Options::Action::help)
        return std::fputs(help_text.data(), stdout) < 0 ? failed : 0;
    if (options->action == Options::Action::version)
        return std::puts("tcmud-guard " TCMUD_VERSION) < 0 ? failed : 0;
    if (::geteuid() != 0) {
        say("needs root: it writes configfs");
        return failed;
    }
    Paths paths;
    paths.run_directory = options->run_directory;
    if (options->action == Options::Action::free_writers) {
        const auto deed = free_writers(paths);
        if (deed.outcome == Outcome::failed) say(deed.error);
        return deed.outcome == Outcome::failed ? failed : 0;
    }
    Guard guard(paths, options->after, say);
    if (options->action == Options::Action::undo) return guard.undo_all() ? 0 : failed;
    // It is needed when the disk that its program is on may be one that nobody serves any more.
    if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        say("cannot lock its memory: it may be slow when memory is short");
    for (;;) {
        guard.look(std::chrono::steady_clock::now());
        std::this_thread::sleep_for(guard.interval());
    }
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return run({arguments + 1, arguments + count});
    } catch (const std::exception& error) {
        say(error.what());
        return failed;
    }
}
