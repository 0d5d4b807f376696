// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/in_time.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <exception>
#include <string_view>

namespace tcmud::ctl {

namespace {

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::optional<std::string> read_all(int fd, std::chrono::steady_clock::time_point until) {
    std::string text;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd polled{fd, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
        std::array<char, 4096> piece;
        const auto got = ::read(fd, piece.data(), piece.size());
        if (got < 0) return std::nullopt;
        if (got == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

std::optional<std::string> in_time(std::chrono::milliseconds at_most,
                                   const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return std::nullopt;
    const auto child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        // Whoever reads our output must not wait for a child that was left behind.
        for (const int fd : {0, 1, 2}) ::close(fd);
        try {
            write_all(ends[1], work());
        } catch (const std::exception&) {
            ::_exit(1);
        }
        ::_exit(0);
    }
    ::close(ends[1]);
    auto result = child > 0 ? read_all(ends[0], std::chrono::steady_clock::now() + at_most) : std::nullopt;
    ::close(ends[0]);
    if (child <= 0) return result;
    // One that waits in the kernel goes when that ends, and is init's then.
    if (!result) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, result ? 0 : WNOHANG);
    if (status != 0) return std::nullopt;
    return result;
}

}  // namespace tcmud::ctl
