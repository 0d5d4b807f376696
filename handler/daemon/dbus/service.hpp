// SPDX-License-Identifier: Apache-2.0
// tcmud on the system bus, for targetcli: owns org.kernel.TCMUService1 and shows the handlers there. Control
// thread.
//
// The bus is a convenience. It may be absent, come later, be restarted, and its name be somebody else's;
// nothing else of tcmud waits for it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "handler/daemon/dbus/connection.hpp"
#include "handler/daemon/dbus/handlers.hpp"
#include "handler/daemon/dbus/offer.hpp"
#include "handler/daemon/signal.hpp"

namespace tcmud::daemon::dbus {

class Service {
public:
    Service(asio::io_context& context, Offer offer);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    ~Service();

    // Connects, and connects again, until it is stopped.
    asio::awaitable<void> run();
    // Ends when the name is ours, when it is known that this takes longer, or when the time has passed.
    asio::awaitable<void> settle(std::chrono::milliseconds at_most);
    void stop();

private:
    static int on_owner_changed(sd_bus_message* signal, void* service, sd_bus_error* error);
    // As long as the connection lasts; why it is given up.
    asio::awaitable<std::string> serve(std::shared_ptr<Connection> connection);
    asio::awaitable<std::string> request_name(Connection& connection);
    asio::awaitable<void> tell_of_owner(Connection& connection);
    void leave();
    void owner_changed(const std::string& name, const std::string& owner);
    void acquired();

    asio::io_context& context_;
    const Offer offer_;
    Signal changed_;
    Signal settled_;
    std::shared_ptr<Connection> connection_;
    std::shared_ptr<Handlers> handlers_;
    bool owns_name_ = false;
    bool was_owner_ = false;  // On this connection.
    bool stopping_ = false;
    std::string told_;  // What the log says of why we are not there.
};

}  // namespace tcmud::daemon::dbus
