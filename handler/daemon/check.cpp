// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/check.hpp"

#include <unistd.h>

#include <cerrno>
#include <iostream>

#include <fmt/format.h>

#include "handler/daemon/cfgstring.hpp"
#include "handler/daemon/daemon.hpp"
#include "handler/daemon/geometry.hpp"
#include "handler/daemon/serving_threads.hpp"

namespace tcmud::daemon {

Result<void> check_lun(const Modules& modules, std::size_t serving_threads, const std::string& config,
                       ByteCount size, BlockSize block_size) {
    const auto subtype = std::string(subtype_of(config));
    const auto* module = modules.find(subtype);
    if (!module)
        return failure(ENOENT, fmt::format("unknown subtype '{}'; known: {}", subtype, modules.names()));
    const auto exists = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
    const auto parsed = parse_config(config, module->options(), exists);
    if (!parsed) return tl::unexpected(parsed.error());
    if (auto thread = check_thread(parsed->common.thread, serving_threads); !thread) return thread;
    if (raw(size) != 0 && module->kind(subtype) == LunKind::disk) {
        if (auto possible = check_geometry(size, block_size); !possible) return possible;
    }
    return module->check({subtype, parsed->path, parsed->options, size, block_size});
}

ExitCode check(const Check& request) {
    log::start(log::Level::warning);
    const auto modules = Modules::load(request.settings.module_directory);
    const auto possible = check_lun(modules, most_serving_threads(request.settings), request.config,
                                    ByteCount{request.size}, BlockSize{request.block_size});
    if (!possible) {
        std::cerr << fmt::format("{}: {}\n", request.config, possible.error().text);
        return ExitCode::failed;
    }
    std::cout << request.config << ": ok\n";
    return ExitCode::ok;
}

}  // namespace tcmud::daemon
