// SPDX-License-Identifier: Apache-2.0
// A backend and the device server over it: what a LUN is apart from its ring. On the LUN's serving thread,
// except latency().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "handler/devices/block/block_device.hpp"
#include "handler/devices/host.hpp"
#include "handler/serving/command_group.hpp"
#include "handler/serving/latency.hpp"
#include "handler/serving/loop.hpp"
#include "tcmud/module.hpp"

namespace tcmud::serving {

class ServedUnit {
public:
    // Starts the backend; one that is null, of a tape or a changer, could not be opened. The host outlives
    // what is made.
    static std::unique_ptr<ServedUnit> make(OpenedBackend backend, const devices::BlockSettings& settings,
                                            devices::Host& host, Loop& loop);

    ServedUnit() = default;
    ServedUnit(const ServedUnit&) = delete;
    ServedUnit& operator=(const ServedUnit&) = delete;
    virtual ~ServedUnit() = default;

    virtual devices::Device& device() = 0;
    // The disk that it is; nullptr: it is none.
    virtual devices::BlockDevice* disk() { return nullptr; }
    virtual BlockBackend* blocks() { return nullptr; }
    // Any thread. Of the backend's operations; nullptr: they are not measured.
    virtual const Latency* latency(Direction) const { return nullptr; }

    // What the administrator asks: of the backend, or of a drive that it be loaded or unloaded. done is
    // called once, inside of this call or later, and before nothing is in flight any more.
    using Controlled = std::function<void(Result<std::string>)>;
    virtual void control(std::string_view command, Controlled done) = 0;
    // It is to be closed as soon as nothing is in flight.
    virtual void closing() {}
    // The backend, to be destroyed where that may block; the device is gone. REQUIRES: nothing is in flight.
    virtual OpenedBackend leave() = 0;
};

}  // namespace tcmud::serving
