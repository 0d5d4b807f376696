// SPDX-License-Identifier: Apache-2.0
// tcmud --check: whether a LUN could be opened, without one.
#include <unistd.h>

#include <iostream>

#include <fmt/format.h>

#include "handler/daemon/cfgstring.hpp"
#include "handler/daemon/daemon.hpp"
#include "handler/daemon/geometry.hpp"
#include "handler/daemon/module_loader.hpp"
#include "handler/daemon/serving_threads.hpp"

namespace tcmud::daemon {

ExitCode check(const Check& request) {
    log::start(log::Level::warning);
    const auto modules = Modules::load(request.settings.module_directory);
    const auto refuse = [&](std::string_view why) {
        std::cerr << fmt::format("{}: {}\n", request.config, why);
        return ExitCode::failed;
    };
    const auto subtype = std::string(subtype_of(request.config));
    const auto* module = modules.find(subtype);
    const ByteCount size{request.size};
    const BlockSize block_size{request.block_size};
    if (!module) return refuse(fmt::format("unknown subtype '{}'; known: {}", subtype, modules.names()));
    const auto exists = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
    const auto parsed = parse_config(request.config, module->options(), exists);
    if (!parsed) return refuse(parsed.error().text);
    const auto thread = check_thread(parsed->common.thread, most_serving_threads(request.settings));
    if (!thread) return refuse(thread.error().text);
    // Without --size only the rest is looked at.
    if (raw(size) != 0) {
        if (const auto possible = check_geometry(size, block_size); !possible)
            return refuse(possible.error().text);
    }
    const OpenRequest open{subtype, parsed->path, parsed->options, size, block_size};
    if (const auto possible = module->check(open); !possible) return refuse(possible.error().text);
    std::cout << request.config << ": ok\n";
    return ExitCode::ok;
}

}  // namespace tcmud::daemon
