// SPDX-License-Identifier: Apache-2.0
// Another process on the bus, as far as the bus can tell: asks as targetcli does, and serves a handler of its
// own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "handler/daemon/dbus/handles.hpp"
#include "handler/daemon/dbus/names.hpp"

namespace tcmud::test {

// What targetcli unpacks: (bs).
struct Verdict {
    bool good = false;
    std::string text;
    std::string error;  // The name of the D-Bus error that came instead.
    friend bool operator==(const Verdict&, const Verdict&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
    return out << verdict.good << " '" << verdict.text << "' " << verdict.error;
}

class Client {
public:
    Client() {
        sd_bus* fresh = nullptr;
        REQUIRE(::sd_bus_open_system(&fresh) >= 0);
        bus_.reset(fresh);
        ::sd_bus_set_method_call_timeout(fresh, 3'000'000);
    }

    sd_bus* bus() const { return bus_.get(); }

    // Subtypes with their ConfigDesc; nullopt: nobody answers.
    std::optional<std::map<std::string, std::string>> handlers() const {
        sd_bus_message* answer = nullptr;
        const int asked = ::sd_bus_call_method(bus(), daemon::dbus::service_name, daemon::dbus::root_path,
                                               "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                               nullptr, &answer, "");
        const daemon::dbus::Message owned(answer);
        if (asked < 0) return std::nullopt;
        std::map<std::string, std::string> found;
        REQUIRE(::sd_bus_message_enter_container(answer, 'a', "{oa{sa{sv}}}") >= 0);
        while (::sd_bus_message_enter_container(answer, 'e', "oa{sa{sv}}") > 0) {
            const char* path = nullptr;
            REQUIRE(::sd_bus_message_read(answer, "o", &path) >= 0);
            const std::string text(path);
            found[text.substr(text.rfind('/') + 1)] = description(answer);
            ::sd_bus_message_exit_container(answer);
        }
        return found;
    }

    Verdict check(const std::string& subtype, const std::string& config) const {
        return ask(daemon::dbus::handler_path(subtype).c_str(), daemon::dbus::handler_interface,
                   "CheckConfig", "s", config.c_str());
    }
    Verdict register_handler(const std::string& subtype, const std::string& description) const {
        return ask(daemon::dbus::registry_path, daemon::dbus::registry_interface, "RegisterHandler", "ss",
                   subtype.c_str(), description.c_str());
    }

    bool own(const std::string& name) const { return ::sd_bus_request_name(bus(), name.c_str(), 0) >= 0; }
    void disown(const std::string& name) const { ::sd_bus_release_name(bus(), name.c_str()); }

    template <class... Arguments>
    Verdict ask(const char* path, const char* interface, const char* member, const char* types,
                Arguments... arguments) const {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message* answer = nullptr;
        ::sd_bus_call_method(bus(), daemon::dbus::service_name, path, interface, member, &error, &answer,
                             types, arguments...);
        const daemon::dbus::Message owned(answer);
        Verdict verdict;
        if (error.name) verdict.error = error.name;
        int good = 0;
        const char* text = nullptr;
        if (answer && ::sd_bus_message_read(answer, "bs", &good, &text) > 0) {
            verdict.good = good != 0;
            verdict.text = text;
        }
        ::sd_bus_error_free(&error);
        return verdict;
    }

private:
    // Of {interface: {property: value}}, that of the one property.
    static std::string description(sd_bus_message* answer) {
        std::string found;
        REQUIRE(::sd_bus_message_enter_container(answer, 'a', "{sa{sv}}") >= 0);
        while (::sd_bus_message_enter_container(answer, 'e', "sa{sv}") > 0) {
            const char* interface = nullptr;
            REQUIRE(::sd_bus_message_read(answer, "s", &interface) >= 0);
            if (std::string(interface) != daemon::dbus::handler_interface) {
                ::sd_bus_message_skip(answer, "a{sv}");
            } else {
                REQUIRE(::sd_bus_message_enter_container(answer, 'a', "{sv}") >= 0);
                const char* property = nullptr;
                const char* value = nullptr;
                while (::sd_bus_message_read(answer, "{sv}", &property, "s", &value) > 0) {
                    if (std::string(property) == "ConfigDesc") found = value;
                }
                ::sd_bus_message_exit_container(answer);
            }
            ::sd_bus_message_exit_container(answer);
        }
        ::sd_bus_message_exit_container(answer);
        return found;
    }

    daemon::dbus::Bus bus_;
};

// Until it is so; false: it has not become so in five seconds.
inline bool becomes(const std::function<bool()>& so) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!so()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace tcmud::test
