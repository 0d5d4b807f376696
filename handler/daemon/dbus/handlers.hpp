// SPDX-License-Identifier: Apache-2.0
// The objects that targetcli sees below /org/kernel/TCMUService1: one for each handler, ours and those that
// other processes have registered, and the one at which they do. Control thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "handler/daemon/dbus/connection.hpp"
#include "handler/daemon/dbus/offer.hpp"

namespace tcmud::daemon::dbus {

class Handlers : public std::enable_shared_from_this<Handlers> {
public:
    // offer: outlives it.
    Handlers(asio::io_context& context, std::shared_ptr<Connection> connection, const Offer& offer);
    ~Handlers();

    Result<void> show();
    // The name below HandlerManager1 has another owner; empty: none.
    void owner_changed(const std::string& subtype, const std::string& owner);
    std::string names() const;

private:
    struct Handler {
        Handlers& all;
        std::string subtype;
        std::string description;
        bool ours;
        Slot object;
    };
    struct Verdict {
        bool good;
        std::string text;
    };
    class Place;

    static int on_check(sd_bus_message* call, void* handler, sd_bus_error* error);
    static int on_registry(sd_bus_message* call, void* handlers, sd_bus_error* error);
    static int read_description(sd_bus* bus, const char* path, const char* interface, const char* property,
                                sd_bus_message* reply, void* handler, sd_bus_error* error);
    static const sd_bus_vtable* table();

    Result<void> add(std::string subtype, std::string description, bool ours);
    void tell_registered() const;
    int begin_to_register(sd_bus_message* call, sd_bus_error* error);

    // The answers to CheckConfig and RegisterHandler; for root only.
    using Answer = asio::awaitable<Verdict> (Handlers::*)(std::string, std::string);
    static asio::awaitable<void> reply(std::shared_ptr<Handlers> self, Message call, Answer answer,
                                       std::string first, std::string second);
    asio::awaitable<Verdict> check(std::string subtype, std::string config);
    asio::awaitable<Verdict> check_with_owner(std::string subtype, std::string config);
    asio::awaitable<Verdict> register_handler(std::string subtype, std::string description);

    asio::io_context& context_;
    std::shared_ptr<Connection> connection_;
    const Offer& offer_;
    Slot manager_;
    Slot registry_;
    std::map<std::string, std::unique_ptr<Handler>> handlers_;
    // Names of handlers without an owner since somebody began to register one.
    std::set<std::string> vanished_;
    std::size_t calls_ = 0;  // That have no reply yet.
};

}  // namespace tcmud::daemon::dbus
