// SPDX-License-Identifier: Apache-2.0
// A client of a server on a Unix socket. It blocks.
#pragma once

#include <chrono>
#include <filesystem>
#include <utility>

#include "handler/http/message.hpp"
#include "tcmud/result.hpp"

namespace tcmud::http {

class Client {
public:
    // Each step takes at most `patience`. Errors: the errno of connect(2).
    static Result<Client> connect(const std::filesystem::path& socket, std::chrono::milliseconds patience);
    Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
    Client& operator=(Client&&) = delete;
    ~Client();

    // One request and its answer; the server is told that it is the last one, unless it asks for another
    // protocol.
    Result<Response> ask(const Request& request);
    // The descriptor, which the caller has to close; after an upgrade. Nothing of the new protocol has been
    // read.
    int release() { return std::exchange(socket_, -1); }

private:
    explicit Client(int socket) : socket_(socket) {}
    Result<void> write(std::string_view text) const;

    int socket_;
};

}  // namespace tcmud::http
