// SPDX-License-Identifier: Apache-2.0
// What a tcmud says to its successor. The two on a real kernel: tests/guest/takeover.sh.
#include "handler/daemon/handing_over.hpp"

#include <fcntl.h>

#include <map>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "handler/daemon/signal.hpp"
#include "tests/support/channels.hpp"
#include "tests/support/run_coroutine.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using namespace std::chrono_literals;
using How = HandedOver::How;
using tcmud::test::run_coroutine;

namespace {

// A tcmud with LUNs, each with what becomes of the wish to give it up: one answer after the other.
class Old {
public:
    explicit Old(std::map<std::string, std::vector<How>> luns) : luns_(std::move(luns)) {
        auto [here, there] = test::connected_channels(context_);
        successor_.emplace(std::move(there));
        HandingOver::Luns access;
        access.leave_new_ones = [this](bool on) { leaves_new_ones = on; };
        access.all = [this] { return all(); };
        access.give = [this](LunLine line) { return give(std::move(line)); };
        handing_.emplace(context_, std::move(here), std::move(access));
        asio::co_spawn(context_, hand_over(), rethrow);
    }

    void say(const std::string& text) { run_coroutine(context_, successor_->send(text)); }
    LineChannel::Line hear() {
        auto received = run_coroutine(context_, successor_->receive(60s));
        REQUIRE(received.status == LineChannel::Status::line);
        return std::move(received.line);
    }
    void go_away() { successor_.reset(); }
    // What hand_over() ends with.
    bool outcome() {
        for (int i = 0; i < 1000 && !outcome_; ++i) {
            context_.restart();
            context_.run_for(10ms);
        }
        REQUIRE(outcome_);
        return *outcome_;
    }
    bool leaves_new_ones = false;

private:
    std::vector<LunLine> all() const {
        std::vector<LunLine> lines;
        for (const auto& [name, answers] : luns_) lines.push_back({"", 7, name});
        return lines;
    }
    asio::awaitable<HandedOver> give(LunLine line) {
        auto& answers = luns_.at(line.lun);
        HandedOver handed;
        handed.how = answers.front();
        answers.erase(answers.begin());
        if (answers.empty()) luns_.erase(line.lun);
        if (handed.how == How::given) handed.uio.reset(::open("/dev/null", O_RDONLY));
        co_return handed;
    }
    asio::awaitable<void> hand_over() {
        const FileDescriptor lock(::open("/dev/null", O_RDONLY));
        outcome_ = co_await handing_->run(4711, lock.get());
    }

    asio::io_context context_;
    std::map<std::string, std::vector<How>> luns_;
    std::optional<LineChannel> successor_;
    std::optional<HandingOver> handing_;
    std::optional<bool> outcome_;
};

}  // namespace

TEST_CASE("one LUN after the other is given, with its descriptor") {
    Old old({{"user_0/a", {How::given}}, {"user_0/b", {How::given}}});
    old.say("hello");
    const auto welcome = old.hear();
    CHECK(welcome.text == "welcome 4711");
    CHECK(welcome.descriptor);
    CHECK_FALSE(old.leaves_new_ones);
    old.say("ready");
    CHECK(old.hear().text == "has 7 user_0/a");
    CHECK(old.leaves_new_ones);
    CHECK(old.hear().text == "has 7 user_0/b");
    CHECK(old.hear().text == "begin");
    const auto given = old.hear();
    CHECK(given.text == "given 7 user_0/a");
    CHECK(given.descriptor);
    old.say("took user_0/a");
    CHECK(old.hear().text == "given 7 user_0/b");
    old.say("took user_0/b");
    CHECK(old.hear().text == "tried");
    CHECK(old.hear().text == "done");
    CHECK(old.outcome());
}

TEST_CASE("a LUN with commands that do not end stays, and is tried again") {
    Old old({{"user_0/a", {How::busy, How::busy, How::given}}});
    old.say("hello");
    old.hear();
    old.say("ready");
    old.hear();
    old.hear();
    CHECK(old.hear().text == "tried");
    CHECK(old.hear().text == "given 7 user_0/a");
    old.say("took user_0/a");
    CHECK(old.hear().text == "done");
    CHECK(old.outcome());
}

TEST_CASE("a LUN that is removed meanwhile is said to be gone") {
    Old old({{"user_0/a", {How::gone}}});
    old.say("hello");
    old.hear();
    old.say("ready");
    old.hear();
    old.hear();
    CHECK(old.hear().text == "gone 7 user_0/a");
    CHECK(old.hear().text == "tried");
    CHECK(old.hear().text == "done");
    CHECK(old.outcome());
}

TEST_CASE("when the successor goes away, the LUNs are ours again") {
    Old old({{"user_0/a", {How::given}}, {"user_0/b", {How::given}}});
    old.say("hello");
    old.hear();
    SECTION("before it was ready") {}
    SECTION("in the middle") {
        old.say("ready");
        old.hear();
        old.hear();
        old.hear();
        CHECK(old.hear().text == "given 7 user_0/a");
        CHECK(old.leaves_new_ones);
    }
    old.go_away();
    CHECK_FALSE(old.outcome());
    CHECK_FALSE(old.leaves_new_ones);
}

TEST_CASE("a successor that says something else gets nothing") {
    Old old({{"user_0/a", {How::given}}});
    old.say("good morning");
    CHECK_FALSE(old.outcome());
}
