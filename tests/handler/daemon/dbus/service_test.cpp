// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/service.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/handler/daemon/dbus/client.hpp"
#include "tests/handler/daemon/dbus/on_bus.hpp"
#include "tests/support/private_bus.hpp"

namespace tcmud::daemon::dbus {

using Catch::Matchers::Contains;
using test::becomes;
using test::Client;
using test::OnBus;

namespace {

std::size_t lines_with(const std::string& log, const std::string& text) {
    std::size_t count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
}

// The log counts lines that repeat, in another test of this process too, instead of writing them.
void with_a_name_of_its_own(Offer& offer) {
    static int number = 0;
    offer.handlers = {{fmt::format("handler{}", ++number), ""}};
}

}  // namespace

TEST_CASE("the name is owned, and the log says what targetcli can do with it") {
    const test::PrivateBus bus;
    OnBus served(with_a_name_of_its_own);
    CHECK(becomes([&] { return served.settled(); }));
    CHECK(Client().handlers()->size() == 1);
    CHECK_THAT(served.end(), Contains("owns org.kernel.TCMUService1; targetcli can make LUNs of handler"));
}

TEST_CASE("without a bus nobody waits, and the bus is found when it comes") {
    test::PrivateBus bus;
    bus.stop();
    OnBus served;
    CHECK(becomes([&] { return served.settled(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    bus.start();
    const Client client;
    CHECK(becomes([&] { return client.handlers().has_value(); }));
    CHECK(lines_with(served.end(), "there is no system bus") == 1);
}

TEST_CASE("a bus that goes and comes again is joined again") {
    test::PrivateBus bus;
    OnBus served(with_a_name_of_its_own);
    CHECK(becomes([&] { return Client().handlers().has_value(); }));
    bus.stop();
    bus.start();
    const Client client;
    CHECK(becomes([&] { return client.handlers().has_value(); }));
    const auto log = served.end();
    CHECK(lines_with(log, "owns org.kernel.TCMUService1; targetcli can make LUNs of handler") == 2);
    CHECK_THAT(log, Contains("the system bus has gone"));
}

TEST_CASE("what was registered is forgotten with the bus") {
    test::PrivateBus bus;
    const OnBus served;
    {
        const Client client;
        REQUIRE(becomes([&] { return client.handlers().has_value(); }));
        REQUIRE(client.own(registered_name("tape")));
        REQUIRE(client.register_handler("tape", "").good);
        REQUIRE(served.registered().size() == 1);
        bus.stop();
    }
    CHECK(becomes([&] { return served.registered().empty(); }));
}

TEST_CASE("another owner of the name is told of once, and the name taken when it goes") {
    const test::PrivateBus bus;
    const Client client;
    {
        const Client owner;
        REQUIRE(owner.own(service_name));
        OnBus served(with_a_name_of_its_own);
        CHECK(becomes([&] { return served.settled(); }));
        owner.disown(service_name);
        CHECK(becomes([&] { return client.handlers().has_value(); }));
        const auto log = served.end();
        CHECK(lines_with(log, fmt::format("is owned by process {} (", ::getpid())) == 1);
        CHECK(lines_with(log, "owns org.kernel.TCMUService1; targetcli can make LUNs of handler") == 1);
    }
}

TEST_CASE("nothing is said of a predecessor that has the name still") {
    const test::PrivateBus bus;
    const Client owner;
    REQUIRE(owner.own(service_name));
    OnBus served([](Offer& offer) { offer.predecessor = ::getpid(); });
    CHECK(becomes([&] { return served.settled(); }));
    CHECK(served.end().empty());
}

TEST_CASE("a stop gives the name back at once") {
    const test::PrivateBus bus;
    OnBus served;
    const Client client;
    REQUIRE(becomes([&] { return client.handlers().has_value(); }));
    served.stop();
    CHECK(becomes([&] { return !client.handlers().has_value(); }));
}

TEST_CASE("a bus that does not answer at all keeps nobody waiting for longer than he wants") {
    test::PrivateBus bus;
    bus.freeze();
    asio::io_context context;
    Service service(context, Offer{});
    asio::co_spawn(context, service.run(), daemon::rethrow);
    bool settled = false;
    const auto began = std::chrono::steady_clock::now();
    const auto wait = [](Service& waited_for, bool& into) -> asio::awaitable<void> {
        co_await waited_for.settle(std::chrono::milliseconds(100));
        into = true;
    };
    asio::co_spawn(context, wait(service, settled), daemon::rethrow);
    // Less than the bus is given for an answer.
    const auto until = began + std::chrono::seconds(4);
    while (!settled && std::chrono::steady_clock::now() < until)
        context.run_one_for(std::chrono::milliseconds(20));
    CHECK(settled);
}

}  // namespace tcmud::daemon::dbus
