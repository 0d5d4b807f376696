// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/kernel_module.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <fmt/format.h>

namespace tcmud::daemon {

namespace {

constexpr auto module_name = "target_core_user";
constexpr std::chrono::seconds modprobe_patience{10};
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

// Its exit status. A library would do the same, but be in each start of tcmud, when LUNs wait; the module is
// loaded once.
Result<int> modprobe() {
    std::array<std::string, 3> words{"modprobe", "--quiet", module_name};
    std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
    pid_t child = 0;
    if (const int error = ::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
        error != 0)
        return failure(error, fmt::format("cannot load the kernel module {}: modprobe cannot be run: {}",
                                          module_name, std::strerror(error)));
    const auto until = std::chrono::steady_clock::now() + modprobe_patience;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > until) {
            ::kill(child, SIGKILL);
            return failure(ETIMEDOUT,
                           fmt::format("cannot load the kernel module {}: modprobe hangs", module_name));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<void> load_target_core_user() {
    if (std::filesystem::exists(module_directory)) return {};
    const auto status = modprobe();
    if (std::filesystem::exists(module_directory)) return {};
    if (!status) return tl::unexpected(status.error());
    return failure(ENOENT, fmt::format("cannot load the kernel module {}: the kernel needs CONFIG_TCM_USER2 "
                                       "(modprobe ended with {}; modprobe {} says more)",
                                       module_name, *status, module_name));
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
