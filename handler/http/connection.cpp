// SPDX-License-Identifier: Apache-2.0
#include "handler/http/connection.hpp"

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace tcmud::http {

namespace {

namespace beast = boost::beast;

}  // namespace

struct Connection::Stream {
    Stream(asio::generic::stream_protocol::socket socket, std::chrono::milliseconds most)
        : stream(std::move(socket)), patience(most) {}

    beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor> stream;
    beast::flat_buffer buffer;
    std::chrono::milliseconds patience;
    // Of the last request.
    unsigned version = 11;
    bool keep_alive = false;
};

Connection::Connection(asio::generic::stream_protocol::socket socket, std::chrono::milliseconds patience)
    : stream_(std::make_unique<Stream>(std::move(socket), patience)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection::~Connection() = default;

asio::awaitable<std::optional<Request>> Connection::receive() {
    beast::http::request<beast::http::string_body> request;
    boost::system::error_code error;
    stream_->stream.expires_after(stream_->patience);
    co_await beast::http::async_read(stream_->stream, stream_->buffer, request,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::nullopt;
    stream_->version = request.version();
    stream_->keep_alive = request.keep_alive();
    co_return Request{std::string(request.method_string()), std::string(request.target()),
                      std::move(request.body()), std::string(request[beast::http::field::upgrade])};
}

asio::awaitable<bool> Connection::send(const Response& response) {
    beast::http::response<beast::http::string_body> message(beast::http::int_to_status(response.status),
                                                            stream_->version, response.body);
    message.keep_alive(stream_->keep_alive);
    if (response.upgrade.empty()) {
        message.set(beast::http::field::content_type, response.content_type);
        message.prepare_payload();
    } else {
        message.set(beast::http::field::connection, "upgrade");
        message.set(beast::http::field::upgrade, response.upgrade);
    }
    boost::system::error_code error;
    stream_->stream.expires_after(stream_->patience);
    co_await beast::http::async_write(stream_->stream, message,
                                      asio::redirect_error(asio::use_awaitable, error));
    co_return !error && (stream_->keep_alive || !response.upgrade.empty());
}

int Connection::release() {
    return stream_->stream.release_socket().release();
}

}  // namespace tcmud::http
