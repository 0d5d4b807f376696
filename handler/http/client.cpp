// SPDX-License-Identifier: Apache-2.0
#include "handler/http/client.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace tcmud::http {

namespace {

namespace beast = boost::beast;

tl::unexpected<Error> failed(int number) {
    // What SO_RCVTIMEO and SO_SNDTIMEO end with.
    if (number == EAGAIN) return failure(ETIMEDOUT, "no answer in time");
    return failure(number, std::strerror(number));
}

std::string text_of(const Request& request) {
    auto text = fmt::format("{} {} HTTP/1.1\r\nHost: tcmud\r\n", request.method, request.target);
    if (request.upgrade.empty())
        text += "Connection: close\r\n";
    else
        text += fmt::format("Connection: upgrade\r\nUpgrade: {}\r\n", request.upgrade);
    if (!request.body.empty())
        text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", request.body.size());
    return text + "\r\n" + request.body;
}

}  // namespace

Result<Client> Client::connect(const std::filesystem::path& socket, std::chrono::milliseconds patience) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = socket.string();
    if (path.size() >= sizeof address.sun_path) return failed(ENAMETOOLONG);
    path.copy(address.sun_path, path.size());
    Client client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (client.socket_ < 0) return failed(errno);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
    const timeval limit{seconds.count(), std::chrono::microseconds(patience - seconds).count()};
    // connect(2) waits for room in the listener's queue as long as SO_SNDTIMEO says.
    if (::setsockopt(client.socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        ::setsockopt(client.socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        ::connect(client.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failed(errno);
    return client;
}

Client::~Client() {
    if (socket_ >= 0) ::close(socket_);
}

Result<void> Client::write(std::string_view text) const {
    while (!text.empty()) {
        const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return failed(errno);
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<Response> Client::ask(const Request& request) {
    if (auto written = write(text_of(request)); !written) return tl::unexpected(written.error());
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    parser.eager(true);
    std::string received;
    boost::system::error_code error;
    while (!parser.is_done()) {
        // Byte by byte to the end of a header after which another protocol may follow.
        std::array<char, 16384> piece;
        const auto room = request.upgrade.empty() || parser.is_header_done() ? piece.size() : 1;
        const auto got = ::recv(socket_, piece.data(), room, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(errno);
        if (got == 0) {
            parser.put_eof(error);
            if (!error && parser.is_done()) break;
            return failure(EPROTO, "the answer ends too early");
        }
        received.append(piece.data(), static_cast<std::size_t>(got));
        const auto used = parser.put(boost::asio::buffer(received), error);
        received.erase(0, used);
        if (error && error != beast::http::error::need_more)
            return failure(EPROTO, "the answer is no HTTP: " + error.message());
    }
    auto& message = parser.get();
    return Response{message.result_int(), std::move(message.body()),
                    std::string(message[beast::http::field::content_type]),
                    std::string(message[beast::http::field::upgrade])};
}

}  // namespace tcmud::http
