// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/client.hpp"

#include <cerrno>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/listener.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// Answers one connection with the same bytes whatever it asks.
class Daemon {
public:
    explicit Daemon(std::string answer)
        : listener_([this, answer = std::move(answer)](int client) {
              request_ = test::read_until(client, "\r\n\r\n");
              test::write_all(client, answer);
          }) {}
    std::filesystem::path socket() const { return listener_.socket(); }
    Result<nlohmann::json> ask() { return ctl::get(socket(), "/luns"); }
    const std::string& request() const { return request_; }

private:
    std::string request_;
    test::Listener listener_;
};

std::string http(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("what the daemon answers is the result") {
    Daemon daemon(http("200 OK", "[{\"name\": \"a\"}]"));
    const auto answer = daemon.ask();
    REQUIRE(answer);
    CHECK((*answer)[0]["name"] == "a");
    CHECK_THAT(daemon.request(), StartsWith("GET /luns HTTP/1.1\r\n") && Contains("Connection: close"));
}

TEST_CASE("what is posted is the body, as JSON") {
    Daemon daemon(http("200 OK", "{\"answer\": \"\"}"));
    CHECK(ctl::post(daemon.socket(), "/control", {{"lun", "a\xff"}}));
    CHECK_THAT(daemon.request(), StartsWith("POST /control HTTP/1.1\r\n") && Contains("Content-Length: "));
}

TEST_CASE("what the daemon says of an error is the error") {
    const auto answer = Daemon(http("404 Not Found", "{\"error\": \"there is no /luns\"}")).ask();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().text == "there is no /luns");
    CHECK(Daemon(http("500 Internal Server Error", "{}")).ask().error().text == "tcmud answered 500");
}

TEST_CASE("an error of another form is an error all the same") {
    CHECK_FALSE(Daemon(http("500 Internal Server Error", "[]")).ask());
}

TEST_CASE("an answer that is no JSON is refused") {
    const auto answer = Daemon(http("200 OK", "<html>")).ask();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().number == EPROTO);
}

TEST_CASE("a connection that ends too early is an error that names the socket") {
    Daemon daemon("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[");
    const auto answer = daemon.ask();
    REQUIRE_FALSE(answer);
    CHECK_THAT(answer.error().text, Contains(daemon.socket().string()));
}

TEST_CASE("without a daemon the error tells how to look for it") {
    const test::TemporaryDirectory directory;
    const auto answer = ctl::get(directory.path() / "control.sock", "/luns");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().number == ENOENT);
    CHECK_THAT(answer.error().text, Contains("no tcmud answers on") && Contains("systemctl status tcmud"));
}
