// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/kernel_module.hpp"

#include <libkmod.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>

namespace tcmud::daemon {

namespace {

constexpr auto name = "target_core_user";
const std::filesystem::path module_directory = "/sys/module/target_core_user";

Result<void> set_parameter(std::string_view parameter, std::string_view value) {
    const auto path = module_directory / "parameters" / parameter;
    if (!std::filesystem::exists(path)) return {};  // Before Linux 4.19.
    std::ofstream file(path);
    file << value << std::flush;
    if (file) return {};
    return failure(errno,
                   fmt::format("cannot write {} to {}: {}", value, path.string(), std::strerror(errno)));
}

}  // namespace

Result<void> load_target_core_user() {
    if (std::filesystem::exists(module_directory)) return {};
    const std::unique_ptr<kmod_ctx, decltype(&::kmod_unref)> context(::kmod_new(nullptr, nullptr),
                                                                     &::kmod_unref);
    kmod_module* module = nullptr;
    int error = context ? ::kmod_module_new_from_name(context.get(), name, &module) : -ENOMEM;
    if (error == 0) {
        error = ::kmod_module_probe_insert_module(module, 0, nullptr, nullptr, nullptr, nullptr);
        ::kmod_module_unref(module);
    }
    if (error < 0 && !std::filesystem::exists(module_directory)) {
        return failure(-error,
                       fmt::format("cannot load the kernel module {}: {}: the kernel needs CONFIG_TCM_USER2 "
                                   "(modprobe {} says more)",
                                   name, std::strerror(-error), name));
    }
    return {};
}

Result<void> block_netlink(bool blocked) {
    return set_parameter("block_netlink", blocked ? "1" : "0");
}

Result<void> free_netlink_waiters() {
    // The kernel resets only while it is blocked; block_netlink must not stay behind.
    if (auto done = block_netlink(true); !done) return done;
    auto reset = set_parameter("reset_netlink", "1");
    auto unblocked = block_netlink(false);
    return reset ? unblocked : reset;
}

}  // namespace tcmud::daemon
