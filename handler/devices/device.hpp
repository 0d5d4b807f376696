// SPDX-License-Identifier: Apache-2.0
// A device server: answers every command exactly once. Of one thread, its LUN's serving thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
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
    // command.aborted was set: ends it if it only waits, here or above what the kernel or a library carries
    // out.
    virtual void abort(Command& command) = 0;
    // What a command waits for: the operation of an IoQueue, in the words before it or without any, or the
    // words alone.
    struct Whereabouts {
        std::string_view words;
        const IoOperation* operation = nullptr;
    };
    virtual Whereabouts whereabouts(const Command&) const { return {"in its device server"}; }
    // As the standard spells it; empty if the device has no such command.
    virtual std::string_view name_of(const Command&) const { return {}; }
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
    // That of a predecessor, before the first command. replaying: it was killed, and the commands that it had
    // not answered, or not told to have answered, come first, as they were numbered.
    virtual void restore(std::span<const std::byte> /*state*/, bool /*replaying*/) {}
    // Called when state() has changed.
    std::function<void()> state_changed = [] {};
};

}  // namespace tcmud::devices
