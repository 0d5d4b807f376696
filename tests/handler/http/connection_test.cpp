// SPDX-License-Identifier: Apache-2.0
#include "handler/http/connection.hpp"

#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <catch2/catch.hpp>

#include "tests/support/listener.hpp"
#include "tests/support/run_coroutine.hpp"

using namespace tcmud;
using namespace tcmud::http;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using Protocol = asio::local::stream_protocol;

namespace {

// A connection, and the client's end of it.
struct Pair {
    Pair() {
        Protocol::socket server(context);
        Protocol::socket other(context);
        asio::local::connect_pair(server, other);
        client = other.release();
        connection.emplace(std::move(server), std::chrono::milliseconds(200));
    }
    ~Pair() { ::close(client); }
    std::optional<Request> receive() {
        auto receiving = connection->receive();
        return tcmud::test::run_coroutine(context, std::move(receiving));
    }
    bool send(const Response& response) {
        auto sending = connection->send(response);
        return tcmud::test::run_coroutine(context, std::move(sending));
    }

    asio::io_context context;
    int client = -1;
    std::optional<Connection> connection;
};

}  // namespace

TEST_CASE("a request has its method, target, body and wish") {
    Pair pair;
    test::write_all(pair.client,
                    "POST /control?x HTTP/1.1\r\nHost: a\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\n{}");
    const auto request = pair.receive();
    REQUIRE(request);
    CHECK(request->method == "POST");
    CHECK(request->target == "/control?x");
    CHECK(request->body == "{}");
    CHECK(request->upgrade == "other");
}

TEST_CASE("a connection lives for as many requests as its client wants") {
    Pair pair;
    test::write_all(pair.client, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n");
    REQUIRE(pair.receive()->target == "/a");
    CHECK(pair.send({status::ok, "[]", "application/json", ""}));
    REQUIRE(pair.receive()->target == "/b");
    CHECK_FALSE(pair.send({status::not_found, "no", "text/plain", ""}));
    const auto text = test::read_until(pair.client, "no");
    CHECK_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n") && Contains("Content-Type: application/json\r\n"));
    CHECK_THAT(text, Contains("HTTP/1.1 404 Not Found\r\n") && EndsWith("Content-Length: 2\r\n\r\nno"));
}

TEST_CASE("a client that says nothing, or nothing that is HTTP, is given up") {
    Pair silent;
    CHECK_FALSE(silent.receive());
    Pair stranger;
    test::write_all(stranger.client, "hello\r\n\r\n");
    CHECK_FALSE(stranger.receive());
}

TEST_CASE("after an upgrade the descriptor is the caller's") {
    Pair pair;
    test::write_all(pair.client, "POST /takeover HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n");
    REQUIRE(pair.receive());
    CHECK(pair.send({status::switching_protocols, "", "", "other"}));
    const int socket = pair.connection->release();
    test::write_all(socket, "welcome\n");
    ::close(socket);
    const auto text = test::read_until(pair.client, "welcome\n");
    CHECK_THAT(text, StartsWith("HTTP/1.1 101 Switching Protocols\r\n") && Contains("Upgrade: other\r\n") &&
                         EndsWith("\r\n\r\nwelcome\n"));
}
