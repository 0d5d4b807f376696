// SPDX-License-Identifier: Apache-2.0
// A device server: answers every command exactly once. Of one thread, its LUN's serving thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "handler/devices/command.hpp"
#include "handler/scsi/sense.hpp"

namespace tcmud::devices {

class Device {
public:
    Device() = default;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    // REQUIRES: every command was answered.
    virtual ~Device() = default;

    // The command stays valid until reply is called, inside of this call or later.
    virtual void execute(Command& command, Reply reply) = 0;
    // command.aborted was set: ends it if it only waits inside of the device.
    virtual void abort(Command& command) = 0;
    // LOGICAL UNIT RESET: forgets what initiators have set.
    virtual void reset() = 0;

    // Whether nothing goes on behind commands that were answered. Then, and without commands, it may be
    // destroyed.
    virtual bool idle() const = 0;
    // Called when that has ended.
    std::function<void()> became_idle;

    virtual scsi::SenseFormat sense_format() const = 0;

    // What the next daemon's device is to know, at most 1000 bytes; without commands under way that is all
    // there is to know of it.
    virtual std::vector<std::byte> state() const { return {}; }
    // That of a predecessor, before the first command.
    virtual void restore(std::span<const std::byte>) {}
    // Called when state() has changed.
    std::function<void()> state_changed = [] {};
};

}  // namespace tcmud::devices
