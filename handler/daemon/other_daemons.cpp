// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/other_daemons.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "handler/daemon/dbus/handles.hpp"
#include "handler/daemon/dbus/names.hpp"
#include "handler/daemon/log.hpp"
#include "handler/daemon/text_file.hpp"
#include "netlink/listeners.hpp"

namespace tcmud::daemon {

namespace {

using dbus::Bus;
using dbus::Message;

constexpr std::uint64_t bus_timeout_us = 1'000'000;

Bus system_bus() {
    sd_bus* bus = nullptr;
    if (::sd_bus_open_system(&bus) < 0) return nullptr;
    ::sd_bus_set_method_call_timeout(bus, bus_timeout_us);
    return Bus(bus);
}

// Asking the bus itself starts nothing; a call to the name would begin a daemon.
Message ask_bus(sd_bus* bus, const char* member, const char* name) {
    sd_bus_message* reply = nullptr;
    ::sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", member,
                         nullptr, &reply, "s", name);
    return Message(reply);
}

std::string owner_of(sd_bus* bus, const char* name) {
    const auto reply = ask_bus(bus, "GetNameOwner", name);
    const char* owner = nullptr;
    if (!reply || ::sd_bus_message_read(reply.get(), "s", &owner) < 0) return "";
    return owner;
}

pid_t process_of(sd_bus* bus, const std::string& owner) {
    const auto reply = ask_bus(bus, "GetConnectionUnixProcessID", owner.c_str());
    std::uint32_t process = 0;
    if (!reply || ::sd_bus_message_read(reply.get(), "u", &process) < 0) return 0;
    return static_cast<pid_t>(process);
}

// A handler is the last component of every managed object's path.
std::set<std::string> handlers_of(sd_bus* bus, const std::string& owner) {
    sd_bus_message* reply = nullptr;
    const int error =
        ::sd_bus_call_method(bus, owner.c_str(), dbus::root_path, "org.freedesktop.DBus.ObjectManager",
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

OtherDaemons find_other_daemons(const OwnDaemons& own) {
    OtherDaemons others;
    others.listening = somebody_else_listens(own.ports, own.group);
    const auto bus = system_bus();
    if (!bus) return others;
    const auto owner = owner_of(bus.get(), dbus::service_name);
    if (owner.empty() || own.processes.contains(process_of(bus.get(), owner))) return others;
    others.bus_owner = owner;
    others.subtypes = handlers_of(bus.get(), owner);
    return others;
}

asio::awaitable<OtherDaemons> look_for_other_daemons(WorkerPool& workers, OwnDaemons own) {
    using namespace std::chrono_literals;
    auto looking = workers.run<OtherDaemons>(
        "look for other TCMU daemons", 5s,
        [own = std::move(own)]() -> Result<OtherDaemons> { return find_other_daemons(own); });
    const auto found = co_await std::move(looking);
    if (!found) log::warning("{}", found.error().text);
    co_return found.value_or(OtherDaemons{});
}

asio::awaitable<bool> is_another_daemon_there(WorkerPool& workers, OwnDaemons own) {
    auto looking = look_for_other_daemons(workers, std::move(own));
    const auto others = co_await std::move(looking);
    co_return others.any();
}

void tell_of(const OtherDaemons& others) {
    std::string left;
    for (const auto& subtype : others.subtypes)
        left += fmt::format("{}{}", left.empty() ? "" : ", ", subtype);
    log::warning("another TCMU daemon works here{}; subtypes left to it: {}",
                 others.bus_owner.empty() ? "" : " (it owns org.kernel.TCMUService1)",
                 left.empty() ? "none" : left);
}

}  // namespace tcmud::daemon
