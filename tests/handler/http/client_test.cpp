// SPDX-License-Identifier: Apache-2.0
#include "handler/http/client.hpp"

#include <cerrno>

#include <catch2/catch.hpp>

#include "tests/support/listener.hpp"

using namespace tcmud;
using namespace tcmud::http;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::Listener;

namespace {

constexpr std::chrono::milliseconds long_enough{5000};

// A server that answers whatever it is asked with the same bytes.
class Server {
public:
    explicit Server(std::string answer)
        : listener_([this, answer = std::move(answer)](int client) {
              request_ = test::read_until(client, "\r\n\r\n");
              test::write_all(client, answer);
          }) {}
    Result<Response> ask(const Request& request) {
        auto client = Client::connect(listener_.socket(), long_enough);
        REQUIRE(client);
        return client->ask(request);
    }
    const std::string& request() const { return request_; }

private:
    std::string request_;
    Listener listener_;
};

}  // namespace

TEST_CASE("an answer has its status, its type and its body") {
    Server server("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno");
    const auto response = server.ask({"GET", "/luns", "", ""});
    REQUIRE(response);
    CHECK(response->status == status::not_found);
    CHECK(response->content_type == "text/plain");
    CHECK(response->body == "no");
    CHECK_THAT(server.request(), StartsWith("GET /luns HTTP/1.1\r\n") && Contains("Connection: close\r\n"));
}

TEST_CASE("a body is sent with its length") {
    Server server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(server.ask({"POST", "/control", "{}", ""}));
    CHECK_THAT(server.request(), StartsWith("POST /control ") && Contains("Content-Length: 2\r\n"));
}

TEST_CASE("an answer without a length ends with the connection") {
    Server server("HTTP/1.1 200 OK\r\n\r\nall of it");
    const auto response = server.ask({"GET", "/", "", ""});
    REQUIRE(response);
    CHECK(response->body == "all of it");
}

TEST_CASE("an answer that ends too early, and one that is no HTTP, are errors") {
    CHECK(Server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").ask({}).error().number == EPROTO);
    CHECK(Server("SSH-2.0-OpenSSH\r\n").ask({}).error().number == EPROTO);
}

TEST_CASE("a server that does not answer costs no more than the client's patience") {
    const Listener listener([](int client) { test::read_until(client, "never"); });
    auto client = Client::connect(listener.socket(), std::chrono::milliseconds(50));
    REQUIRE(client);
    CHECK(client->ask({"GET", "/", "", ""}).error().number == ETIMEDOUT);
}

TEST_CASE("after an upgrade the descriptor has all that the other protocol says") {
    const Listener listener([](int socket) {
        test::read_until(socket, "\r\n\r\n");
        test::write_all(socket,
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"
                        "welcome\n");
    });
    auto client = Client::connect(listener.socket(), long_enough);
    REQUIRE(client);
    const auto response = client->ask({"POST", "/takeover", "", "other"});
    REQUIRE(response);
    CHECK(response->status == status::switching_protocols);
    CHECK(response->upgrade == "other");
    const int socket = client->release();
    CHECK(test::read_until(socket, "\n") == "welcome\n");
    ::close(socket);
}

TEST_CASE("where nobody listens, connect's errno is told") {
    const tcmud::test::TemporaryDirectory directory;
    CHECK(Client::connect(directory.path() / "none", long_enough).error().number == ENOENT);
    CHECK(Client::connect("/" + std::string(200, 'x'), long_enough).error().number == ENAMETOOLONG);
}
