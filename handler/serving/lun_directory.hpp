// SPDX-License-Identifier: Apache-2.0
// The disks that this process serves, for extended copies from one to another. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "handler/devices/block/block_device.hpp"
#include "handler/devices/host.hpp"
#include "handler/serving/loop.hpp"
#include "handler/serving/session.hpp"

namespace tcmud::serving {

class LunDirectory {
public:
    struct Disk {
        Loop* loop;
        Session* session;
        devices::BlockDevice* device;
    };

    // On the disk's own thread, while nothing can be in flight.
    void add(const std::string& name, const Disk& disk);
    void remove(const std::string& name);

    std::optional<Disk> find(const std::string& name) const;

    // The disk as the other end of a copy, for a device whose thread is `requester`; nullptr: not served.
    std::unique_ptr<devices::CopyPeer> peer(const std::string& name, Loop& requester) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, Disk> disks_;  // Guarded by mutex_.
};

}  // namespace tcmud::serving
