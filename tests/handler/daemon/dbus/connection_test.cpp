// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/connection.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "handler/daemon/signal.hpp"
#include "tests/support/private_bus.hpp"

namespace tcmud::daemon::dbus {

using namespace std::chrono_literals;

namespace {

// Runs a coroutine to its end, on a loop of its own.
template <class T>
T run_to_end(asio::io_context& context, asio::awaitable<T> work) {
    std::optional<T> result;
    const auto finish = [](asio::awaitable<T> task, std::optional<T>& into) -> asio::awaitable<void> {
        into.emplace(co_await std::move(task));
    };
    asio::co_spawn(context, finish(std::move(work), result), rethrow);
    context.restart();
    while (!result && context.run_one() != 0) {
    }
    REQUIRE(result);
    return std::move(*result);
}

}  // namespace

TEST_CASE("without a bus there is no connection, and nobody waits for one") {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
    asio::io_context context;
    const auto connection = Connection::open(context, [] {});
    REQUIRE_FALSE(connection);
    CHECK(connection.error().number == ENOENT);
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

TEST_CASE("the bus tells who has a name") {
    const test::PrivateBus bus;
    asio::io_context context;
    const auto connection = Connection::open(context, [] {});
    REQUIRE(connection);
    const auto owner = run_to_end(context, (*connection)->owner_of("org.freedesktop.DBus"));
    REQUIRE(owner);
    CHECK(*owner == "org.freedesktop.DBus");
    const char* own = nullptr;
    REQUIRE(::sd_bus_get_unique_name((*connection)->bus(), &own) >= 0);
    CHECK(run_to_end(context, (*connection)->process_of(own)).value_or(0) == ::getpid());
    CHECK(run_to_end(context, (*connection)->user_of(own)).value_or(99999) == ::geteuid());
    const auto nobody = run_to_end(context, (*connection)->owner_of("org.example.Nobody"));
    REQUIRE_FALSE(nobody);
    CHECK_FALSE(nobody.error().text.empty());
}

TEST_CASE("a bus that does not answer costs a call its time, and no more") {
    test::PrivateBus bus;
    asio::io_context context;
    const auto connection = Connection::open(context, [] {});
    REQUIRE(connection);
    REQUIRE(run_to_end(context, (*connection)->owner_of("org.freedesktop.DBus")));
    bus.freeze();
    auto question = (*connection)->request("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId");
    const auto answer = run_to_end(context, (*connection)->call(std::move(question), 50ms));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().number == ETIMEDOUT);
    CHECK((*connection)->end().empty());
}

TEST_CASE("the end of the bus ends what waits, and is told once") {
    test::PrivateBus bus;
    asio::io_context context;
    int ends = 0;
    const auto connection = Connection::open(context, [&ends] { ++ends; });
    REQUIRE(connection);
    REQUIRE(run_to_end(context, (*connection)->owner_of("org.freedesktop.DBus")));
    bus.freeze();
    auto asking = (*connection)->owner_of("org.freedesktop.DBus");
    asio::co_spawn(
        context,
        [](test::PrivateBus& dying) -> asio::awaitable<void> {
            dying.stop();
            co_return;
        }(bus),
        rethrow);
    const auto answer = run_to_end(context, std::move(asking));
    CHECK_FALSE(answer);
    context.restart();
    context.run_for(200ms);
    CHECK(ends == 1);
    CHECK_FALSE((*connection)->end().empty());
    CHECK_FALSE(run_to_end(context, (*connection)->owner_of("org.freedesktop.DBus")));
}

TEST_CASE("a connection that was closed tells nobody") {
    const test::PrivateBus bus;
    asio::io_context context;
    bool told = false;
    const auto connection = Connection::open(context, [&told] { told = true; });
    REQUIRE(connection);
    REQUIRE(run_to_end(context, (*connection)->owner_of("org.freedesktop.DBus")));
    (*connection)->close();
    context.restart();
    context.run_for(50ms);
    CHECK_FALSE(told);
    CHECK((*connection)->end() == "closed");
}

}  // namespace tcmud::daemon::dbus
