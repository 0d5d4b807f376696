// SPDX-License-Identifier: Apache-2.0
// Who lets go of what sd-bus hands out.
#pragma once

#include <memory>

#include <systemd/sd-bus.h>

namespace tcmud::daemon::dbus {

struct LetGo {
    // Does not wait for what was not sent yet.
    void operator()(sd_bus* bus) const { ::sd_bus_close_unref(bus); }
    void operator()(sd_bus_message* message) const { ::sd_bus_message_unref(message); }
    void operator()(sd_bus_slot* slot) const { ::sd_bus_slot_unref(slot); }
};
using Bus = std::unique_ptr<sd_bus, LetGo>;
using Message = std::unique_ptr<sd_bus_message, LetGo>;
using Slot = std::unique_ptr<sd_bus_slot, LetGo>;

}  // namespace tcmud::daemon::dbus
