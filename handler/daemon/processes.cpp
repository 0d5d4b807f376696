// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/processes.hpp"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>

#include <fmt/format.h>
#include <systemd/sd-login.h>

#include "handler/daemon/log.hpp"
#include "handler/daemon/text_file.hpp"

namespace tcmud::daemon {

pid_t peer_of(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

std::string describe_process(pid_t process) {
    auto name = read_text_file(fmt::format("/proc/{}/comm", process)).value_or("");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    if (name.empty()) return "";
    char* unit = nullptr;
    const bool known = ::sd_pid_get_unit(process, &unit) >= 0 && unit;
    const std::unique_ptr<char, decltype(&std::free)> owned(unit, &std::free);
    return known ? fmt::format(" ({}, {})", name, unit) : fmt::format(" ({})", name);
}

Result<void> begin_apart(const std::vector<std::string>& arguments) {
    std::vector<const char*> words{"sh", "-c", "\"$@\" &", "sh"};
    for (const auto& argument : arguments) words.push_back(argument.c_str());
    words.push_back(nullptr);
    pid_t shell = 0;
    const int error =
        ::posix_spawn(&shell, "/bin/sh", nullptr, nullptr, const_cast<char**>(words.data()), environ);
    if (error == 0) return {};
    return failure(error, fmt::format("cannot begin {}: {}", arguments.front(), std::strerror(error)));
}

void reap_ended() {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

void run_or_exit(const std::function<void()>& work) {
    try {
        work();
    } catch (const std::exception& error) {
        log::error("{}", error.what());
        ::_exit(1);
    }
}

void raise_limit_of_open_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace tcmud::daemon
