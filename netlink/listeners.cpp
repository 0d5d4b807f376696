// SPDX-License-Identifier: Apache-2.0
#include "netlink/listeners.hpp"

#include <sstream>
#include <string>

namespace tcmud::netlink {

std::vector<std::uint32_t> listeners(std::string_view proc_net_netlink, std::uint32_t group) {
    constexpr unsigned generic_netlink = 16;
    constexpr unsigned groups_shown = 32;
    std::vector<std::uint32_t> ports;
    if (group == 0 || group > groups_shown) return ports;
    std::istringstream lines{std::string(proc_net_netlink)};
    std::string line;
    while (std::getline(lines, line)) {
        // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
        std::istringstream fields(line);
        std::string address;
        unsigned protocol = 0;
        std::uint32_t port = 0;
        std::uint32_t groups = 0;
        if (!(fields >> address >> protocol >> port >> std::hex >> groups)) continue;
        if (protocol == generic_netlink && (groups >> (group - 1) & 1) != 0) ports.push_back(port);
    }
    return ports;
}

}  // namespace tcmud::netlink
