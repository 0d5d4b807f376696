// SPDX-License-Identifier: Apache-2.0
// Whether another TCMU daemon (tcmu-runner, another tcmud) works on this machine, and what it offers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "handler/daemon/worker_pool.hpp"

namespace tcmud::daemon {

struct OtherDaemons {
    bool listening = false;          // Another process listens to the kernel's TCM-USER events.
    std::string bus_owner;           // Who owns org.kernel.TCMUService1; empty: nobody, or there is no bus.
    std::set<std::string> subtypes;  // What that one offers.

    bool any() const { return listening || !bus_owner.empty(); }
};

// Who is no other daemon: this one, and a predecessor.
struct OwnDaemons {
    std::set<std::uint32_t> ports;  // Of netlink sockets
    std::uint32_t group = 0;        // that listen to this.
    std::set<pid_t> processes;
};

// May take seconds if the bus does not answer.
OtherDaemons find_other_daemons(const OwnDaemons& own);
// The same on a worker; none if it takes too long.
asio::awaitable<OtherDaemons> look_for_other_daemons(WorkerPool& workers, OwnDaemons own);
asio::awaitable<bool> is_another_daemon_there(WorkerPool& workers, OwnDaemons own);

void tell_of(const OtherDaemons& others);

}  // namespace tcmud::daemon
