// SPDX-License-Identifier: Apache-2.0
// Who else listens to the kernel's TCM-USER events: another TCMU daemon, most likely.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tcmud::netlink {

// The ports of generic netlink sockets that joined a multicast group, from the text of /proc/net/netlink.
// That shows the first 32 groups only; of a higher one nothing is known, and the list is empty.
std::vector<std::uint32_t> listeners(std::string_view proc_net_netlink, std::uint32_t group);

}  // namespace tcmud::netlink
