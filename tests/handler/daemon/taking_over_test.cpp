// SPDX-License-Identifier: Apache-2.0
// What a tcmud does with what its predecessor says. The two on a real kernel: tests/guest/takeover.sh.
#include "handler/daemon/taking_over.hpp"

#include <fcntl.h>

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "handler/daemon/signal.hpp"
#include "tests/support/channels.hpp"
#include "tests/support/run_coroutine.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using namespace std::chrono_literals;
using tcmud::test::run_coroutine;
using Strings = std::vector<std::string>;

namespace {

// A successor that writes down what it is told to do, and serves each LUN at once.
class New {
public:
    New() {
        auto [here, there] = test::connected_channels(context_);
        predecessor_.emplace(std::move(there));
        TakingOver::Luns luns;
        luns.expect = [this](const LunLine& line) { done.push_back("expect " + line.lun); };
        luns.inherit = [this](const LunLine& line, FileDescriptor uio, std::function<void()> tried) {
            done.push_back((uio ? "inherit open " : "inherit ") + line.lun);
            tried();
        };
        luns.gone = [this](const LunLine& line) { done.push_back("gone " + line.lun); };
        luns.all_expected = [this] { done.emplace_back("all expected"); };
        luns.tried = [this] { done.emplace_back("tried"); };
        luns.alone = [this] { done.emplace_back("alone"); };
        taking_.emplace(context_, std::move(here), std::move(luns));
        asio::co_spawn(context_, take_over(), rethrow);
    }

    void say(const std::string& text, int descriptor = -1) {
        run_coroutine(context_, predecessor_->send(text, descriptor));
    }
    std::string hear() { return run_coroutine(context_, predecessor_->receive(60s)).line.text; }
    void go_away() { predecessor_.reset(); }
    bool outcome() {
        for (int i = 0; i < 1000 && !outcome_; ++i) {
            context_.restart();
            context_.run_for(10ms);
        }
        REQUIRE(outcome_);
        return *outcome_;
    }
    Strings done;

private:
    asio::awaitable<void> take_over() { outcome_ = co_await taking_->run(); }

    asio::io_context context_;
    std::optional<LineChannel> predecessor_;
    std::optional<TakingOver> taking_;
    std::optional<bool> outcome_;
};

}  // namespace

TEST_CASE("a successor takes what it is given, and says so") {
    const FileDescriptor uio(::open("/dev/null", O_RDONLY));
    New fresh;
    CHECK(fresh.hear() == "ready");
    fresh.say("has 1 user_0/a");
    fresh.say("has 2 user_0/b");
    fresh.say("has 3 user_0/c");
    fresh.say("begin");
    fresh.say("given 1 user_0/a", uio.get());
    CHECK(fresh.hear() == "took user_0/a");
    fresh.say("given 2 user_0/b");
    CHECK(fresh.hear() == "took user_0/b");
    fresh.say("gone 3 user_0/c");
    fresh.say("tried");
    fresh.say("done");
    CHECK(fresh.outcome());
    CHECK(fresh.done == Strings{"expect user_0/a", "expect user_0/b", "expect user_0/c", "all expected",
                                "inherit open user_0/a", "inherit user_0/b", "gone user_0/c", "tried",
                                "alone"});
}

TEST_CASE("when the predecessor dies, all is the successor's") {
    New fresh;
    CHECK(fresh.hear() == "ready");
    fresh.say("has 1 user_0/a");
    fresh.go_away();
    CHECK(fresh.outcome());
    CHECK(fresh.done == Strings{"expect user_0/a", "all expected", "tried", "alone"});
}

TEST_CASE("a predecessor that says something else keeps what it has") {
    New fresh;
    CHECK(fresh.hear() == "ready");
    const std::string nonsense = GENERATE("give 1 user_0/a", "given user_0/a", "hm");
    fresh.say(nonsense);
    CHECK_FALSE(fresh.outcome());
    CHECK(fresh.done.empty());
}
