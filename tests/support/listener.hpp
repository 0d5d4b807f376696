// SPDX-License-Identifier: Apache-2.0
// A listening Unix socket whose clients a test's own function deals with, on a thread.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

class Listener {
public:
    // Gets one client's descriptor, which is closed afterwards.
    explicit Listener(std::function<void(int client)> deal_with)
        : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const auto path = socket().string();
        REQUIRE(path.size() < sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 1) == 0);
        thread_ = std::thread([this, deal_with = std::move(deal_with)] {
            const int client = ::accept(listener_, nullptr, nullptr);
            if (client < 0) return;
            deal_with(client);
            ::close(client);
        });
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    std::filesystem::path socket() const { return directory_.path() / "socket"; }

private:
    TemporaryDirectory directory_;
    int listener_;
    std::thread thread_;
};

// What comes until `end`, or until the other side is gone.
inline std::string read_until(int socket, const std::string& end) {
    std::string text;
    std::array<char, 4096> piece;
    while (text.find(end) == std::string::npos) {
        const auto got = ::read(socket, piece.data(), piece.size());
        if (got <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
}

inline void write_all(int socket, const std::string& text) {
    CHECK(::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

}  // namespace tcmud::test
