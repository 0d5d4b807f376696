// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/other_daemons.hpp"

#include <memory>

#include <systemd/sd-bus.h>

#include "handler/daemon/text_file.hpp"
#include "netlink/listeners.hpp"

namespace tcmud::daemon {

namespace {

constexpr auto service_name = "org.kernel.TCMUService1";
constexpr auto service_path = "/org/kernel/TCMUService1";
constexpr std::uint64_t bus_timeout_us = 1'000'000;

struct BusFree {
    void operator()(sd_bus* bus) const { ::sd_bus_flush_close_unref(bus); }
    void operator()(sd_bus_message* message) const { ::sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, BusFree>;
using Message = std::unique_ptr<sd_bus_message, BusFree>;

Bus system_bus() {
    sd_bus* bus = nullptr;
    if (::sd_bus_open_system(&bus) < 0) return nullptr;
    ::sd_bus_set_method_call_timeout(bus, bus_timeout_us);
    return Bus(bus);
}

// Asking the bus itself starts nothing; a call to the name would activate tcmu-runner.
std::string owner_of(sd_bus* bus, const char* name) {
    sd_bus_message* reply = nullptr;
    const int error =
        ::sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                             "GetNameOwner", nullptr, &reply, "s", name);
    const Message owned(reply);
    const char* owner = nullptr;
    if (error < 0 || ::sd_bus_message_read(reply, "s", &owner) < 0) return "";
    return owner;
}

// A handler is the last component of every managed object's path.
std::set<std::string> handlers_of(sd_bus* bus, const std::string& owner) {
    sd_bus_message* reply = nullptr;
    const int error =
        ::sd_bus_call_method(bus, owner.c_str(), service_path, "org.freedesktop.DBus.ObjectManager",
                             "GetManagedObjects", nullptr, &reply, "");
    const Message owned(reply);
    std::set<std::string> names;
    if (error < 0 || ::sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}") <= 0) return names;
    while (::sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
        const char* path = nullptr;
        if (::sd_bus_message_read(reply, "o", &path) < 0 || ::sd_bus_message_skip(reply, "a{sa{sv}}") < 0)
            break;
        const std::string text(path);
        names.insert(text.substr(text.rfind('/') + 1));
        ::sd_bus_message_exit_container(reply);
    }
    names.erase("HandlerManager1");
    return names;
}

bool somebody_else_listens(const std::set<std::uint32_t>& own_ports, std::uint32_t group) {
    // Without it nothing is known of others.
    const auto text = read_text_file("/proc/net/netlink").value_or("");
    for (const auto port : netlink::listeners(text, group)) {
        if (!own_ports.contains(port)) return true;
    }
    return false;
}

}  // namespace

OtherDaemons find_other_daemons(const std::set<std::uint32_t>& own_ports, std::uint32_t group) {
    OtherDaemons others;
    others.listening = somebody_else_listens(own_ports, group);
    if (const auto bus = system_bus()) {
        others.bus_owner = owner_of(bus.get(), service_name);
        if (!others.bus_owner.empty()) others.subtypes = handlers_of(bus.get(), others.bus_owner);
    }
    return others;
}

}  // namespace tcmud::daemon
