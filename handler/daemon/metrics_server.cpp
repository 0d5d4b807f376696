// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/metrics_server.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include "handler/daemon/log.hpp"
#include "handler/daemon/metrics.hpp"
#include "handler/daemon/signal.hpp"
#include "handler/http/connection.hpp"

namespace tcmud::daemon {

namespace {

using Tcp = asio::ip::tcp;

// Prometheus scrapes once a minute or so, over a connection that it keeps.
constexpr auto scraper_patience = std::chrono::seconds(90);
constexpr std::size_t scraper_limit = 16;
constexpr auto retry_interval = std::chrono::seconds(1);
// A predecessor hands over in less.
constexpr int silent_retries = 10;

http::Response answer_scraper(const http::Request& request, const std::function<std::string()>& metrics) {
    http::Response response;
    response.content_type = "text/plain; charset=utf-8";
    if (request.target != "/metrics") {
        response.status = http::status::not_found;
        response.body = "tcmud's metrics are at /metrics\n";
    } else if (request.method != "GET") {
        response.status = http::status::method_not_allowed;
        response.body = "/metrics takes GET only\n";
    } else {
        response.content_type = metrics_content_type;
        response.body = metrics();
    }
    return response;
}

class TcpServer final : public MetricsServer {
public:
    TcpServer(asio::io_context& context, const ListenAddress& address, std::function<std::string()> metrics)
        : context_(context), address_(address), metrics_(std::move(metrics)), acceptor_(context) {
        asio::co_spawn(context_, run(), rethrow);
    }

private:
    boost::system::error_code open() {
        boost::system::error_code error;
        const Tcp::endpoint endpoint(asio::ip::make_address(address_.host, error), address_.port);
        if (!error) acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        boost::system::error_code ignored;
        if (error) acceptor_.close(ignored);
        return error;
    }

    asio::awaitable<void> pause(std::chrono::milliseconds time) {
        asio::steady_timer timer(context_, time);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    asio::awaitable<void> run() {
        for (int failures = 0;;) {
            const auto error = open();
            if (!error) break;
            if (++failures == silent_retries)
                log::error("metrics_address: cannot listen on {} port {}: {}: it is tried again",
                           address_.host, address_.port, error.message());
            co_await pause(retry_interval);
        }
        for (;;) {
            Tcp::socket client(context_);
            boost::system::error_code error;
            co_await acceptor_.async_accept(client, asio::redirect_error(asio::use_awaitable, error));
            if (error == asio::error::operation_aborted) co_return;
            if (error || connections_ >= scraper_limit) {
                co_await pause(std::chrono::milliseconds(100));
                continue;
            }
            asio::co_spawn(context_, serve(http::Connection(std::move(client), scraper_patience)), rethrow);
        }
    }

    asio::awaitable<void> serve(http::Connection connection) {
        ++connections_;
        for (;;) {
            const auto request = co_await connection.receive();
            if (!request) break;
            const auto response = answer_scraper(*request, metrics_);
            if (!co_await connection.send(response)) break;
        }
        --connections_;
    }

    asio::io_context& context_;
    ListenAddress address_;
    std::function<std::string()> metrics_;
    Tcp::acceptor acceptor_;
    std::size_t connections_ = 0;
};

}  // namespace

std::unique_ptr<MetricsServer> MetricsServer::listen(asio::io_context& context, const ListenAddress& address,
                                                     std::function<std::string()> metrics) {
    return std::make_unique<TcpServer>(context, address, std::move(metrics));
}

}  // namespace tcmud::daemon
