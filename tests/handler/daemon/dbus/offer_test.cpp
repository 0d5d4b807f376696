// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/offer.hpp"

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "handler/daemon/signal.hpp"

namespace tcmud::daemon::dbus {

using Catch::Matchers::Contains;

namespace {

// With one module, for "testing" and "trial".
class Program {
public:
    std::vector<std::string> subtypes(const Settings& settings, const std::set<std::string>& without = {}) {
        std::vector<std::string> names;
        for (const auto& handler : make_offer(settings, modules_, without, workers_).handlers)
            names.push_back(handler.subtype);
        return names;
    }
    std::string description() { return make_offer({}, modules_, {}, workers_).handlers.front().description; }
    Result<void> check(const std::string& config) {
        const auto offer = make_offer({}, modules_, {}, workers_);
        std::optional<Result<void>> checked;
        const auto keep = [](asio::awaitable<Result<void>> work,
                             std::optional<Result<void>>& into) -> asio::awaitable<void> {
            into.emplace(co_await std::move(work));
        };
        asio::co_spawn(context_, keep(offer.check(config), checked), rethrow);
        context_.restart();
        while (!checked && context_.run_one() != 0) {
        }
        REQUIRE(checked);
        return *checked;
    }

private:
    asio::io_context context_;
    WorkerPool workers_{context_, "offload", 1, 1};
    Modules modules_ = Modules::load(TEST_ONE_MODULE);
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("every subtype and every alias is a handler") {
    CHECK(Program().subtypes({}) == Names{"testing", "trial"});
}

TEST_CASE("but for those that this tcmud does not serve, and those of another daemon") {
    Settings settings;
    settings.subtypes = {"trial"};
    CHECK(Program().subtypes(settings) == Names{"trial"});
    CHECK(Program().subtypes({}, {"trial"}) == Names{"testing"});
}

TEST_CASE("a description tells what to type, and the options") {
    const auto description = Program().description();
    CHECK_THAT(description, Contains("for tests"));
    CHECK_THAT(description, Contains("Leave 'testing/' out"));
    CHECK_THAT(description, Contains("wce=on|off"));
}

TEST_CASE("a cfgstring is checked on a worker") {
    Program machine;
    CHECK(machine.check("testing//a"));
    const auto refused = machine.check("testing//a,b");
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().text, Contains("commas"));
}

}  // namespace tcmud::daemon::dbus
