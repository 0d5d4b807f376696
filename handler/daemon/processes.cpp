// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/processes.hpp"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include <fmt/format.h>

namespace tcmud::daemon {

pid_t peer_of(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
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

void raise_limit_of_open_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace tcmud::daemon
