// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/command_line.hpp"

#include <cerrno>
#include <charconv>
#include <optional>

namespace tcmud::guard {

namespace {

constexpr unsigned longest_patience_s = 86400;

std::optional<std::chrono::seconds> seconds(const std::string& text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (value == 0 || value > longest_patience_s) return std::nullopt;
    return std::chrono::seconds(value);
}

tl::unexpected<Error> wrong(std::string text) {
    return failure(EINVAL, std::move(text));
}

}  // namespace

const std::string_view help_text =
    "usage: tcmud-guard [--run-dir DIRECTORY] [--after SECONDS]\n"
    "       tcmud-guard [--run-dir DIRECTORY] --undo\n"
    "       tcmud-guard --free-writers\n"
    "\n"
    "Watches tcmud. When it has not served for a while, every command on its LUNs ends with an error until "
    "it serves them\n"
    "again, so that initiators can turn to another path instead of waiting.\n"
    "  --run-dir DIRECTORY  tcmud's run directory (/run/tcmud)\n"
    "  --after SECONDS      how long to wait for tcmud, 1 to 86400 (30)\n"
    "  --undo               set back what was changed of the LUNs, and leave; for want of a tcmud that does "
    "it\n"
    "  --free-writers       end with EINTR who waits for an answer in configfs, unless a daemon listens, and "
    "leave\n"
    "  -V, --version        show the version\n"
    "  -h, --help           show this\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage. See tcmud-guard(8).\n";

Result<Options> parse_command_line(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& argument = arguments[i];
        const auto equals = argument.find('=');
        const auto name = argument.substr(0, equals);
        if (name == "--run-dir" || name == "--after") {
            std::string value;
            if (equals != argument.npos)
                value = argument.substr(equals + 1);
            else if (i + 1 < arguments.size())
                value = arguments[++i];
            if (value.empty()) return wrong(name + " needs a value");
            if (name == "--run-dir") {
                options.run_directory = value;
            } else if (const auto after = seconds(value)) {
                options.after = *after;
            } else {
                return wrong("--after " + value + ": must be a number of seconds from 1 to 86400");
            }
        } else if (argument == "--undo") {
            options.action = Options::Action::undo;
        } else if (argument == "--free-writers") {
            options.action = Options::Action::free_writers;
        } else if (argument == "-h" || argument == "--help") {
            options.action = Options::Action::help;
            return options;
        } else if (argument == "-V" || argument == "--version") {
            options.action = Options::Action::version;
            return options;
        } else {
            return wrong("unknown argument '" + argument + "'");
        }
    }
    return options;
}

}  // namespace tcmud::guard
