// SPDX-License-Identifier: Apache-2.0
// One client of a server, in coroutines of one thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "handler/http/message.hpp"

namespace tcmud::http {

namespace asio = boost::asio;

class Connection {
public:
    // Each step takes at most `patience`.
    Connection(asio::generic::stream_protocol::socket socket, std::chrono::milliseconds patience);
    Connection(Connection&&) noexcept;
    ~Connection();

    // nullopt: the client has gone, speaks something else, or was too slow; the connection has ended. A body
    // is at most 1 MiB.
    asio::awaitable<std::optional<Request>> receive();
    // The answer to the last request. False: the connection has ended, or is to end, as the client wished.
    asio::awaitable<bool> send(const Response& response);
    // Its descriptor, which the caller has to close; after an upgrade.
    int release();

private:
    struct Stream;
    std::unique_ptr<Stream> stream_;
};

}  // namespace tcmud::http
