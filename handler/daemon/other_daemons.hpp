// SPDX-License-Identifier: Apache-2.0
// Whether another TCMU daemon (tcmu-runner, another tcmud) works on this machine, and what it offers.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace tcmud::daemon {

struct OtherDaemons {
    bool listening = false;          // Another process listens to the kernel's TCM-USER events.
    std::string bus_owner;           // Who owns org.kernel.TCMUService1; empty: nobody, or there is no bus.
    std::set<std::string> subtypes;  // What that one offers.

    bool any() const { return listening || !bus_owner.empty(); }
};

// own_ports, group: of our netlink socket, and of a predecessor's. May take seconds if the bus does not
// answer.
OtherDaemons find_other_daemons(const std::set<std::uint32_t>& own_ports, std::uint32_t group);

}  // namespace tcmud::daemon
