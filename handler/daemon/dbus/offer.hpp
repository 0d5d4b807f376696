// SPDX-License-Identifier: Apache-2.0
// What tcmud gives its appearance on the bus, and wants to know of it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "handler/daemon/module_loader.hpp"
#include "handler/daemon/settings.hpp"
#include "handler/daemon/worker_pool.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon::dbus {

struct OwnHandler {
    std::string subtype;
    std::string description;  // What `help create` of targetcli prints.
};

// Everything is called on the control thread.
struct Offer {
    std::vector<OwnHandler> handlers;
    // Whether a LUN with this cfgstring could be opened; may take seconds, and ends in time.
    std::function<boost::asio::awaitable<Result<void>>(std::string config)> check;
    // Subtypes that other processes have registered, whenever they change.
    std::function<void(std::set<std::string> subtypes)> registered;
    // Who may ask for more than what there is; another one in tests.
    uid_t administrator = 0;
    // The tcmud that we take over from has the name until it ends. 0: none.
    pid_t predecessor = 0;
};

// What the modules serve, checked by the workers. without: subtypes of another daemon.
Offer make_offer(const Settings& settings, const Modules& modules, const std::set<std::string>& without,
                 WorkerPool& workers);

}  // namespace tcmud::daemon::dbus
