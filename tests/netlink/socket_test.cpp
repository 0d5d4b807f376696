// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "netlink/listeners.hpp"

using namespace tcmud::netlink;

// What these can show depends on the machine: with target_core_user loaded, a socket; without, the reason why
// there is none.

TEST_CASE("without the kernel's TCM-USER family, opening says that it is not there") {
    const auto socket = Socket::open();
    if (socket) {
        WARN("this kernel has the family: the error is not shown");
        return;
    }
    INFO(socket.error().message());
    // A sandbox may forbid netlink altogether.
    const bool precise = socket.error() == std::errc::no_such_file_or_directory ||
                         socket.error() == std::errc::operation_not_permitted;
    CHECK(precise);
}

TEST_CASE("an open socket listens to the family's group, and nothing is lost at its beginning") {
    auto socket = Socket::open();
    if (!socket) {
        WARN("this kernel has no TCM-USER family: " << socket.error().message());
        return;
    }
    CHECK(socket->fd() >= 0);
    CHECK_FALSE(socket->receive().lost);
    std::ifstream file("/proc/net/netlink");
    std::stringstream text;
    text << file.rdbuf();
    if (socket->group() <= 32) {
        CHECK(std::ranges::count(listeners(text.str(), socket->group()), socket->port()) == 1);
    }
}
