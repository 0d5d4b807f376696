// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/watchdog.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud::daemon;
using namespace std::chrono_literals;

TEST_CASE("the watchdog is told twice in its time") {
    CHECK(watchdog_interval("60000000") == 30s);
    CHECK(watchdog_interval("3") == 1us);
    CHECK(watchdog_interval("7200000000") == 1h);
}

TEST_CASE("without a watchdog nothing is told") {
    CHECK_FALSE(watchdog_interval(nullptr));
    for (const char* text : {"", "0", "1", "-5", "a", "10s", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(watchdog_interval(text));
    }
}

TEST_CASE("a successor tells it too, whose WATCHDOG_PID is another's") {
    const tcmud::test::TemporaryDirectory directory;
    const auto path = (directory.path() / "notify").string();
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.copy(address.sun_path, sizeof address.sun_path - 1) == path.size());
    REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "100000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);

    boost::asio::io_context context;
    boost::asio::co_spawn(context, calm_watchdog(context), boost::asio::detached);
    context.run_for(200ms);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);

    for (int time = 0; time < 2; ++time) {
        char text[64] = {};
        REQUIRE(::recv(socket, text, sizeof text - 1, MSG_DONTWAIT) > 0);
        CHECK(std::string(text) == "WATCHDOG=1");
    }
    ::close(socket);
}
