// SPDX-License-Identifier: Apache-2.0
#include "netlink/listeners.hpp"

#include <catch2/catch.hpp>

using tcmud::netlink::listeners;
using Ports = std::vector<std::uint32_t>;

namespace {

// As Linux 6.1 writes it: groups 1 and 2 of route (0), groups 3, 4 and 32 of generic netlink (16).
constexpr std::string_view proc_net_netlink =
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
    "0000000000000000 0   612        00000003 0        0        0     2        0        17171   \n"
    "0000000000000000 15  1          0000000c 0        0        0     2        0        14223   \n"
    "0000000000000000 16  1234       0000000c 0        0        0     2        0        20001   \n"
    "0000000000000000 16  4008637490 00000004 0        0        0     2        0        20002   \n"
    "0000000000000000 16  77         80000000 0        0        0     2        0        20003   \n"
    "0000000000000000 16  0          00000000 0        0        0     2        0        1026    \n";

}  // namespace

TEST_CASE("a group's listeners are the generic netlink sockets that joined it") {
    CHECK(listeners(proc_net_netlink, 3) == Ports{1234, 4008637490});
    CHECK(listeners(proc_net_netlink, 4) == Ports{1234});
    CHECK(listeners(proc_net_netlink, 5).empty());
}

TEST_CASE("sockets of other families do not listen, even to a group of the same number") {
    CHECK(listeners(proc_net_netlink, 1).empty());
    CHECK(listeners(proc_net_netlink, 2).empty());
}

TEST_CASE("the 32nd group is the last one that the kernel shows") {
    CHECK(listeners(proc_net_netlink, 32) == Ports{77});
    CHECK(listeners(proc_net_netlink, 33).empty());
    CHECK(listeners(proc_net_netlink, 35).empty());
    CHECK(listeners(proc_net_netlink, 0xffff'ffff).empty());
}

TEST_CASE("there is no group 0") {
    CHECK(listeners(proc_net_netlink, 0).empty());
}

TEST_CASE("lines that are none of the table's are passed over") {
    CHECK(listeners("", 3).empty());
    CHECK(listeners("\n\nnonsense\n0 16\n0 16 x 0000000c\n0 16 5 zz\n", 3).empty());
    CHECK(listeners("nonsense\n0 16 9 0000000c", 3) == Ports{9});
}
