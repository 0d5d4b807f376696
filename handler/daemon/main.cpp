// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>
#include <variant>

#include "handler/daemon/command_line.hpp"
#include "handler/daemon/daemon.hpp"

int main(int argc, char** argv) {
    using namespace tcmud::daemon;
    try {
        const auto request = parse_command_line(argc, argv);
        if (const auto* wish = std::get_if<Serve>(&request)) return static_cast<int>(serve(*wish));
        if (const auto* wish = std::get_if<Check>(&request)) return static_cast<int>(check(*wish));
        return static_cast<int>(std::get<Leave>(request));
    } catch (const std::exception& error) {
        std::cerr << "tcmud: " << error.what() << "\n";
        return static_cast<int>(ExitCode::failed);
    }
}
