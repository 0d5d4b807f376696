// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/handlers.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "handler/daemon/cfgstring.hpp"
#include "handler/daemon/dbus/names.hpp"
#include "handler/daemon/log.hpp"
#include "handler/daemon/processes.hpp"
#include "handler/daemon/signal.hpp"

namespace tcmud::daemon::dbus {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_calls = 64;
constexpr std::size_t most_registered = 64;
constexpr auto owner_patience = 5000ms;

// For busctl and d-feet; targetcli does not ask.
constexpr auto registry_description =
    "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
    "\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
    "<node>\n"
    " <interface name=\"org.kernel.TCMUService1.HandlerManager1\">\n"
    "  <method name=\"RegisterHandler\">\n"
    "   <arg name=\"subtype\" type=\"s\" direction=\"in\"/>\n"
    "   <arg name=\"cfgstr_desc\" type=\"s\" direction=\"in\"/>\n"
    "   <arg name=\"succeeded\" type=\"b\" direction=\"out\"/>\n"
    "   <arg name=\"message\" type=\"s\" direction=\"out\"/>\n"
    "  </method>\n"
    " </interface>\n"
    "</node>\n";

}  // namespace

// One of the calls that wait for their answers.
class Handlers::Place {
public:
    explicit Place(Handlers& all) : all_(all) { ++all_.calls_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --all_.calls_; }

private:
    Handlers& all_;
};

Handlers::Handlers(asio::io_context& context, std::shared_ptr<Connection> connection, const Offer& offer)
    : context_(context), connection_(std::move(connection)), offer_(offer) {}

Handlers::~Handlers() = default;

// "Unprivileged" keeps sd-bus from asking the bus, and waiting, who calls. We ask ourselves.
const sd_bus_vtable* Handlers::table() {
    static const std::array<sd_bus_vtable, 4> entries{{
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_NAMES("CheckConfig", "s", SD_BUS_PARAM(config), "bs",
                                 SD_BUS_PARAM(is_valid) SD_BUS_PARAM(message), Handlers::on_check,
                                 SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("ConfigDesc", "s", Handlers::read_description, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
    }};
    return entries.data();
}

Result<void> Handlers::show() {
    sd_bus_slot* slot = nullptr;
    int added = ::sd_bus_add_object_manager(connection_->bus(), &slot, root_path);
    manager_.reset(slot);
    if (added < 0) return failure(-added, std::strerror(-added));
    // No vtable: the object manager would list it, and targetcli take it for a handler.
    slot = nullptr;
    added = ::sd_bus_add_object(connection_->bus(), &slot, registry_path, on_registry, this);
    registry_.reset(slot);
    if (added < 0) return failure(-added, std::strerror(-added));
    for (const auto& handler : offer_.handlers) {
        if (auto shown = add(handler.subtype, handler.description, true); !shown) return shown;
    }
    return {};
}

Result<void> Handlers::add(std::string subtype, std::string description, bool ours) {
    auto handler = std::make_unique<Handler>(Handler{*this, subtype, std::move(description), ours, nullptr});
    const auto path = handler_path(subtype);
    sd_bus_slot* slot = nullptr;
    const int added = ::sd_bus_add_object_vtable(connection_->bus(), &slot, path.c_str(), handler_interface,
                                                 table(), handler.get());
    handler->object.reset(slot);
    if (added < 0) return failure(-added, fmt::format("{}: {}", path, std::strerror(-added)));
    ::sd_bus_emit_object_added(connection_->bus(), path.c_str());
    handlers_[std::move(subtype)] = std::move(handler);
    return {};
}

std::string Handlers::names() const {
    std::string names;
    for (const auto& [subtype, handler] : handlers_) names += (names.empty() ? "" : ", ") + subtype;
    return names;
}

void Handlers::tell_registered() const {
    std::set<std::string> registered;
    for (const auto& [subtype, handler] : handlers_) {
        if (!handler->ours) registered.insert(subtype);
    }
    offer_.registered(std::move(registered));
}

void Handlers::owner_changed(const std::string& subtype, const std::string& owner) {
    if (!owner.empty()) return;
    vanished_.insert(subtype);
    const auto found = handlers_.find(subtype);
    if (found == handlers_.end() || found->second->ours) return;
    log::info("D-Bus: the handler '{}' has gone", subtype);
    // While it is there still: sd-bus looks which interfaces it has.
    ::sd_bus_emit_object_removed(connection_->bus(), handler_path(subtype).c_str());
    handlers_.erase(found);
    connection_->sent();
    tell_registered();
}

int Handlers::read_description(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                               void* handler, sd_bus_error*) {
    return ::sd_bus_message_append(reply, "s", static_cast<Handler*>(handler)->description.c_str());
}

int Handlers::on_check(sd_bus_message* call, void* data, sd_bus_error* error) {
    auto& handler = *static_cast<Handler*>(data);
    auto& all = handler.all;
    const char* config = nullptr;
    if (const int read = ::sd_bus_message_read(call, "s", &config); read < 0) return read;
    if (all.calls_ >= most_calls)
        return ::sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many calls at a time");
    asio::co_spawn(all.context_,
                   reply(all.shared_from_this(), Message(::sd_bus_message_ref(call)), &Handlers::check,
                         handler.subtype, config),
                   rethrow);
    return 1;
}

int Handlers::on_registry(sd_bus_message* call, void* data, sd_bus_error* error) {
    auto& self = *static_cast<Handlers*>(data);
    if (::sd_bus_message_is_method_call(call, registry_interface, "RegisterHandler") > 0)
        return self.begin_to_register(call, error);
    if (::sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Introspectable", "Introspect") > 0)
        return ::sd_bus_reply_method_return(call, "s", registry_description);
    return 0;
}

int Handlers::begin_to_register(sd_bus_message* call, sd_bus_error* error) {
    const char* subtype = nullptr;
    const char* description = nullptr;
    if (::sd_bus_message_has_signature(call, "ss") <= 0)
        return ::sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "RegisterHandler takes two strings");
    if (const int read = ::sd_bus_message_read(call, "ss", &subtype, &description); read < 0) return read;
    if (calls_ >= most_calls)
        return ::sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many calls at a time");
    asio::co_spawn(context_,
                   reply(shared_from_this(), Message(::sd_bus_message_ref(call)), &Handlers::register_handler,
                         subtype, description),
                   rethrow);
    return 1;
}

// What others may learn of files, or change, must not depend on the policy of the bus alone.
asio::awaitable<void> Handlers::reply(std::shared_ptr<Handlers> self, Message call, Answer answer,
                                      std::string first, std::string second) {
    const Place place(*self);
    const auto* sender = ::sd_bus_message_get_sender(call.get());
    auto asking = self->connection_->user_of(sender ? sender : "");
    const auto user = co_await std::move(asking);
    int replied = 0;
    if (!user || *user != self->offer_.administrator) {
        replied = ::sd_bus_reply_method_errorf(call.get(), SD_BUS_ERROR_ACCESS_DENIED, "only root may ask");
    } else {
        auto answering = ((*self).*answer)(std::move(first), std::move(second));
        const auto verdict = co_await std::move(answering);
        replied = ::sd_bus_reply_method_return(call.get(), "bs", static_cast<int>(verdict.good),
                                               verdict.text.c_str());
    }
    // A text that is no UTF-8, for example. Where the connection has ended, nobody waits.
    if (replied < 0) ::sd_bus_reply_method_errno(call.get(), -replied, nullptr);
    self->connection_->sent();
}

asio::awaitable<Handlers::Verdict> Handlers::check(std::string subtype, std::string config) {
    if (subtype_of(config) != subtype || config.size() == subtype.size())
        co_return Verdict{false, fmt::format("'{}' does not begin with '{}/'", config, subtype)};
    const auto found = handlers_.find(subtype);
    if (found != handlers_.end() && !found->second->ours) {
        auto asking = check_with_owner(std::move(subtype), std::move(config));
        co_return co_await std::move(asking);
    }
    auto checking = offer_.check(std::move(config));
    const auto possible = co_await std::move(checking);
    co_return possible ? Verdict{true, "success"} : Verdict{false, possible.error().text};
}

asio::awaitable<Handlers::Verdict> Handlers::check_with_owner(std::string subtype, std::string config) {
    auto question = connection_->request(registered_name(subtype).c_str(), registered_path(subtype).c_str(),
                                         handler_interface, "CheckConfig");
    if (question) ::sd_bus_message_append(question.get(), "s", config.c_str());
    auto asking = connection_->call(std::move(question), owner_patience);
    const auto answer = co_await std::move(asking);
    int good = 0;
    const char* text = nullptr;
    if (!answer)
        co_return Verdict{false, fmt::format("the process that serves '{}' does not answer: {}", subtype,
                                             answer.error().text)};
    if (::sd_bus_message_read(answer->get(), "bs", &good, &text) < 0)
        co_return Verdict{false, fmt::format("the process that serves '{}' answers strangely", subtype)};
    co_return Verdict{good != 0, text};
}

asio::awaitable<Handlers::Verdict> Handlers::register_handler(std::string subtype, std::string description) {
    if (!can_be_handler(subtype))
        co_return Verdict{
            false, fmt::format("'{}' cannot be a subtype: letters, digits and '_', at most 64", subtype)};
    vanished_.erase(subtype);
    auto asking = connection_->owner_of(registered_name(subtype));
    const auto owner = co_await std::move(asking);
    auto identifying = connection_->process_of(owner.value_or(""));
    const auto process = co_await std::move(identifying);
    if (!connection_->end().empty()) co_return Verdict{false, "the bus has gone"};
    if (!owner || !process || vanished_.contains(subtype))
        co_return Verdict{false, fmt::format("nobody owns the name {}", registered_name(subtype))};
    const auto found = handlers_.find(subtype);
    if (found != handlers_.end() && found->second->ours)
        co_return Verdict{false, fmt::format("tcmud serves '{}' itself", subtype)};
    if (found != handlers_.end()) {
        found->second->description = std::move(description);
        co_return Verdict{true, "success"};
    }
    if (handlers_.size() >= offer_.handlers.size() + most_registered)
        co_return Verdict{false, "too many handlers"};
    if (const auto added = add(subtype, std::move(description), false); !added)
        co_return Verdict{false, added.error().text};
    log::info("D-Bus: '{}' is served by process {}{}", subtype, *process, describe_process(*process));
    tell_registered();
    co_return Verdict{true, "success"};
}

}  // namespace tcmud::daemon::dbus
