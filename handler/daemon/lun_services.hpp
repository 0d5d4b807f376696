// SPDX-License-Identifier: Apache-2.0
// What the LUNs of a daemon share.
#pragma once

#include <functional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "handler/daemon/configfs.hpp"
#include "handler/daemon/module_loader.hpp"
#include "handler/daemon/serving_threads.hpp"
#include "handler/daemon/settings.hpp"
#include "handler/daemon/worker_pool.hpp"
#include "handler/scsi/identity.hpp"
#include "handler/serving/lun_directory.hpp"
#include "netlink/messages.hpp"

namespace tcmud::daemon {

class Lun;

struct LunServices {
    asio::io_context& context;  // Of the control thread.
    const Settings& settings;
    const Modules& modules;
    const Configfs& configfs;
    WorkerPool& configfs_worker;
    WorkerPool& offload;
    ServingThreads& threads;
    serving::LunDirectory& directory;
    // Control thread: answers the kernel. False: nobody waited for it.
    std::function<bool(const netlink::Answer&)> answer;
    // Control thread: takes what the kernel has asked by now.
    std::function<void()> hear;
    // Control thread: this LUN's life has ended; it may be forgotten.
    std::function<void(const Lun&)> ended;
    // Control thread: LUNs that are being served, with their cfgstrings.
    std::function<std::vector<std::pair<LunName, std::string>>()> served;
};

}  // namespace tcmud::daemon
