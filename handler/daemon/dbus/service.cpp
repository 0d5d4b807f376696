// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/service.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "handler/daemon/dbus/names.hpp"
#include "handler/daemon/log.hpp"
#include "handler/daemon/processes.hpp"

namespace tcmud::daemon::dbus {

namespace {

using namespace std::chrono_literals;

constexpr auto request_patience = 5000ms;
constexpr auto shortest_pause = 250ms;
constexpr auto longest_pause = 60s;  // Where there is no bus it may never come, and the machine may sleep.
constexpr auto long_time = 1h;

// The bus's answers to RequestName.
constexpr std::uint32_t is_owner = 1;
constexpr std::uint32_t is_in_queue = 2;
constexpr std::uint32_t is_owner_already = 4;

// Of the service, and of what is registered below it.
constexpr auto owner_changes =
    "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
    "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0namespace='org.kernel.TCMUService1'";

}  // namespace

Service::Service(asio::io_context& context, Offer offer)
    : context_(context), offer_(std::move(offer)), changed_(context), settled_(context) {}

Service::~Service() {
    leave();
}

void Service::leave() {
    if (connection_) connection_->close();
    handlers_.reset();
    connection_.reset();
}

asio::awaitable<void> Service::settle(std::chrono::milliseconds at_most) {
    co_await settled_.wait(at_most);
}

void Service::stop() {
    stopping_ = true;
    changed_.notify();
}

asio::awaitable<void> Service::run() {
    auto pause = shortest_pause;
    while (!stopping_) {
        const auto connection = Connection::open(context_, [this] { changed_.notify(); });
        std::string why;
        was_owner_ = false;
        if (connection) {
            auto serving = serve(*connection);
            why = co_await std::move(serving);
            leave();
        } else {
            why = fmt::format("there is no system bus ({})", connection.error().text);
        }
        owns_name_ = false;
        settled_.notify();
        if (stopping_) co_return;
        if (was_owner_) pause = shortest_pause;
        // Once: it may be so for ever. Where there is no bus, nobody may want one.
        if (std::exchange(told_, why) != why)
            log::write(connection ? log::Level::warning : log::Level::info,
                       fmt::format("D-Bus: {}; targetcli does not see tcmud; tries again", why));
        const auto until = std::chrono::steady_clock::now() + pause;
        for (auto now = until - pause; now < until && !stopping_; now = std::chrono::steady_clock::now())
            co_await changed_.wait(until - now);
        pause = std::min<std::chrono::milliseconds>(2 * pause, longest_pause);
    }
}

asio::awaitable<std::string> Service::serve(std::shared_ptr<Connection> connection) {
    connection_ = connection;
    handlers_ = std::make_shared<Handlers>(context_, connection, offer_);
    if (const auto shown = handlers_->show(); !shown) co_return shown.error().text;
    sd_bus_slot* slot = nullptr;
    const int watched =
        ::sd_bus_add_match_async(connection->bus(), &slot, owner_changes, on_owner_changed, nullptr, this);
    const Slot owned(slot);
    if (watched < 0) co_return std::strerror(-watched);
    auto requesting = request_name(*connection);
    auto refused = co_await std::move(requesting);
    if (!refused.empty()) co_return refused;
    settled_.notify();
    while (connection->end().empty() && !stopping_) co_await changed_.wait(long_time);
    offer_.registered({});
    co_return fmt::format("the system bus has gone ({})", connection->end());
}

// Empty: the name is ours, or we wait for it in the bus's queue.
asio::awaitable<std::string> Service::request_name(Connection& connection) {
    auto wish = connection.request("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                   "RequestName");
    constexpr std::uint32_t flags = 0;  // Wait for it; don't take it from anybody, nor have it taken.
    if (wish) ::sd_bus_message_append(wish.get(), "su", service_name, flags);
    auto asking = connection.call(std::move(wish), request_patience);
    const auto reply = co_await std::move(asking);
    std::uint32_t answer = 0;
    if (!reply) {
        if (!connection.end().empty()) co_return fmt::format("there is no system bus ({})", connection.end());
        co_return fmt::format(
            "cannot own {}: {}{}", service_name, reply.error().text,
            reply.error().number == EACCES ? " (is org.kernel.TCMUService1.conf installed?)" : "");
    }
    if (::sd_bus_message_read(reply->get(), "u", &answer) < 0) co_return "the bus answers strangely";
    if (answer == is_owner || answer == is_owner_already) {
        acquired();
    } else if (answer == is_in_queue) {
        auto telling = tell_of_owner(connection);
        co_await std::move(telling);
    }
    co_return "";
}

asio::awaitable<void> Service::tell_of_owner(Connection& connection) {
    auto asking = connection.process_of(service_name);
    const auto process = co_await std::move(asking);
    // It has gone meanwhile, or is about to.
    if (!process || *process == offer_.predecessor) co_return;
    auto why = fmt::format(
        "{} is owned by process {}{}: targetcli makes LUNs with that one; tcmud waits for the name",
        service_name, *process, describe_process(*process));
    if (told_ != why) log::warning("D-Bus: {}", why);
    told_ = std::move(why);
}

void Service::acquired() {
    if (std::exchange(owns_name_, true)) return;
    was_owner_ = true;
    told_.clear();
    log::info("D-Bus: owns {}; targetcli can make LUNs of {}", service_name, handlers_->names());
    settled_.notify();
}

int Service::on_owner_changed(sd_bus_message* signal, void* data, sd_bus_error*) {
    const char* name = nullptr;
    const char* before = nullptr;
    const char* now = nullptr;
    if (::sd_bus_message_read(signal, "sss", &name, &before, &now) >= 0)
        static_cast<Service*>(data)->owner_changed(name, now);
    return 0;
}

void Service::owner_changed(const std::string& name, const std::string& owner) {
    const auto prefix = std::string(registry_name) + ".";
    if (name.starts_with(prefix)) return handlers_->owner_changed(name.substr(prefix.size()), owner);
    const char* own = nullptr;
    if (name != service_name || ::sd_bus_get_unique_name(connection_->bus(), &own) < 0) return;
    if (owner == own) return acquired();
    if (std::exchange(owns_name_, false)) log::warning("D-Bus: has lost {}", service_name);
}

}  // namespace tcmud::daemon::dbus
