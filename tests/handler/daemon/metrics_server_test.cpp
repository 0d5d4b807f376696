// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/metrics_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <netinet/in.h>

using namespace tcmud::daemon;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// A socket of 127.0.0.1 with a port that the kernel chooses.
class TcpSocket {
public:
    TcpSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    TcpSocket(const TcpSocket&) = delete;
    TcpSocket& operator=(const TcpSocket&) = delete;
    ~TcpSocket() { ::close(fd_); }

    std::uint16_t bind_anywhere() const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("no free port");
        return ntohs(address.sin_port);
    }
    bool connect(std::uint16_t port) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    std::string ask(const std::string& request) const {
        if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
        std::string answer;
        char piece[1024];
        for (ssize_t got = 0; (got = ::read(fd_, piece, sizeof piece)) > 0;)
            answer.append(piece, static_cast<std::size_t>(got));
        return answer;
    }

private:
    int fd_;
};

std::uint16_t free_port() {
    return TcpSocket().bind_anywhere();
}

struct MetricsBench {
    explicit MetricsBench(std::uint16_t its_port) : port(its_port) {
        server = MetricsServer::listen(context, {"127.0.0.1", port}, [] { return "tcmud_build_info 1\n"; });
        thread = std::thread([this] { context.run(); });
    }
    ~MetricsBench() {
        context.stop();
        thread.join();
    }
    // Tries until it listens.
    std::string ask(const std::string& method, const std::string& target) const {
        for (int tries = 0; tries < 100; ++tries) {
            const TcpSocket client;
            if (client.connect(port))
                return client.ask(method + " " + target +
                                  " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return "";
    }

    std::uint16_t port;
    asio::io_context context;
    std::unique_ptr<MetricsServer> server;
    std::thread thread;
};

}  // namespace

TEST_CASE("Prometheus gets the metrics as text, and there is nothing else") {
    const MetricsBench bench(free_port());
    const auto metrics = bench.ask("GET", "/metrics");
    CHECK_THAT(metrics, StartsWith("HTTP/1.1 200"));
    CHECK_THAT(metrics, Contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    CHECK_THAT(metrics, Contains("\r\n\r\ntcmud_build_info 1\n"));
    CHECK_THAT(bench.ask("GET", "/luns"), StartsWith("HTTP/1.1 404"));
    CHECK_THAT(bench.ask("POST", "/metrics"), StartsWith("HTTP/1.1 405"));
}

TEST_CASE("a port that another one has still is waited for") {
    std::unique_ptr<MetricsBench> bench;
    {
        const TcpSocket other;
        bench = std::make_unique<MetricsBench>(other.bind_anywhere());
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    CHECK_THAT(bench->ask("GET", "/metrics"), StartsWith("HTTP/1.1 200"));
}
