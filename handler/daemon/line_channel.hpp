// SPDX-License-Identifier: Apache-2.0
// Lines of text between two processes on this machine, each with a file descriptor or without.
//
// On the wire a line begins with '+' if a descriptor comes with it, with '-' otherwise. Control thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "handler/daemon/file_descriptor.hpp"

namespace tcmud::daemon {

namespace asio = boost::asio;

class LineChannel {
public:
    static constexpr std::size_t longest_line = 4096;

    LineChannel(asio::io_context& context, asio::local::stream_protocol::socket socket);
    LineChannel(LineChannel&&) = default;
    LineChannel& operator=(LineChannel&&) = delete;
    // Closes it.
    ~LineChannel();

    struct Line {
        std::string text;
        FileDescriptor descriptor;
    };
    enum class Status { line, nothing_yet, closed };
    struct Received {
        Status status;
        Line line;
    };
    // Waits at most that long. closed: the other side is gone, or it does not speak in lines.
    asio::awaitable<Received> receive(std::chrono::steady_clock::duration at_most);

    // descriptor: stays the caller's; -1: none. False: the other side is gone.
    asio::awaitable<bool> send(std::string text, int descriptor = -1);

    // The socket, with nothing of it read that was not received; the channel is closed then. REQUIRES: nobody
    // receives.
    FileDescriptor release();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace tcmud::daemon
