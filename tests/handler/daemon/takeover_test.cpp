// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/takeover.hpp"

#include <fcntl.h>

#include <fstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "handler/daemon/control_server.hpp"
#include "handler/daemon/line_channel.hpp"
#include "handler/daemon/signal.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// A tcmud that answers `hello` with a line and, if it has one, a descriptor.
class Old {
public:
    Old(bool may, std::string answer, int descriptor) {
        ControlServer::Sources sources;
        sources.may_hand_over = [may] { return may; };
        sources.hand_over = [this, answer = std::move(answer),
                             descriptor](asio::local::stream_protocol::socket taken) {
            channel_.emplace(context_, std::move(taken));
            asio::co_spawn(context_, greet(answer, descriptor), rethrow);
        };
        auto listening = ControlServer::listen(context_, socket(), std::move(sources));
        REQUIRE(listening);
        server_ = std::move(*listening);
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Old() {
        context_.stop();
        thread_.join();
    }
    std::filesystem::path socket() const { return directory_.path() / "control.sock"; }

private:
    asio::awaitable<void> greet(std::string answer, int descriptor) {
        const auto hello = co_await channel_->receive(60s);
        if (hello.line.text == "hello") co_await channel_->send(answer, descriptor);
    }

    test::TemporaryDirectory directory_;
    asio::io_context context_;
    std::optional<LineChannel> channel_;
    std::shared_ptr<ControlServer> server_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("a line about a LUN says all that is needed to find it") {
    const auto line = parse_lun_line("given 3 user_0/a disk");
    REQUIRE(line);
    CHECK(line->verb == "given");
    CHECK(line->minor == 3);
    CHECK(line->lun == "user_0/a disk");
    CHECK(text_of(*line) == "given 3 user_0/a disk");
}

TEST_CASE("what is no line about a LUN is known as such") {
    for (const auto* text : {"", "given", "given 3", "given x user_0/a", "given 3 disk",
                             "given 4294967296 a/b", "given -1 a/b", " 3 a/b"}) {
        INFO(text);
        CHECK_FALSE(parse_lun_line(text));
    }
}

TEST_CASE("a welcome has the port of the netlink socket") {
    CHECK(parse_welcome(welcome_text(77)) == 77U);
    CHECK_FALSE(parse_welcome("welcome"));
    CHECK_FALSE(parse_welcome("welcome home"));
    CHECK_FALSE(parse_welcome("hello 77"));
}

TEST_CASE("where nobody listens there is no predecessor") {
    const test::TemporaryDirectory directory;
    const auto none = find_predecessor(directory.path() / "control.sock");
    REQUIRE(none);
    CHECK_FALSE(*none);
}

TEST_CASE("a predecessor gives its lock and its port") {
    const FileDescriptor lock(::open("/dev/null", O_RDONLY));
    const Old old(true, "welcome 4711", lock.get());
    auto found = find_predecessor(old.socket());
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->port == 4711);
    CHECK((*found)->lock);
    CHECK((*found)->connection);
}

TEST_CASE("one that hands over already, or does not know how, is not taken over") {
    const FileDescriptor lock(::open("/dev/null", O_RDONLY));
    {
        const Old old(false, "welcome 1", lock.get());
        const auto refused = find_predecessor(old.socket());
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error().text, Contains("cannot take over") && Contains("409"));
    }
    {
        const Old old(true, "welcome 1", -1);
        const auto refused = find_predecessor(old.socket());
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error().text, Contains("welcome 1"));
    }
}
