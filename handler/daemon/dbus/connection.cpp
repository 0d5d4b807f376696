// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/connection.hpp"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "handler/daemon/signal.hpp"

namespace tcmud::daemon::dbus {

namespace {

using namespace std::chrono_literals;

// So that who floods the bus does not keep the control thread from its other work.
constexpr int messages_per_turn = 32;
constexpr auto bus_patience = 2000ms;
// sd-bus ends a call in time itself; this is for a connection that is lost without its telling.
constexpr auto call_grace = 500ms;

Error no_answer(sd_bus_message* reply) {
    const auto* error = ::sd_bus_message_get_error(reply);
    const auto* text = error && error->message ? error->message : "";
    const auto* name = error && error->name ? error->name : "";
    return {::sd_bus_message_get_errno(reply), *text ? text : name};
}

}  // namespace

Result<std::shared_ptr<Connection>> Connection::open(asio::io_context& context, std::function<void()> ended) {
    sd_bus* fresh = nullptr;
    // Connects and says Hello without waiting for either.
    const int opened = ::sd_bus_open_system_with_description(&fresh, "tcmud");
    if (opened < 0) return failure(-opened, std::strerror(-opened));
    Bus bus(fresh);
    ::sd_bus_set_exit_on_disconnect(bus.get(), false);
    auto connection = std::make_shared<Connection>(context, std::move(bus), std::move(ended));
    connection->sent();
    return connection;
}

Connection::Connection(asio::io_context& context, Bus bus, std::function<void()> ended)
    : context_(context),
      bus_(std::move(bus)),
      ended_(std::move(ended)),
      descriptor_(context),
      timer_(context) {}

void Connection::sent() {
    if (std::exchange(will_work_, true)) return;
    asio::post(context_, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->will_work_ = false;
        self->work();
    });
}

void Connection::work() {
    if (!end_.empty()) return;
    for (int i = 0; i < messages_per_turn; ++i) {
        const int done = ::sd_bus_process(bus_.get(), nullptr);
        if (done < 0) return finish(-done);
        if (done == 0) return wait();
    }
    sent();
}

void Connection::wait() {
    if (!follow_descriptor()) return finish(errno);
    const int events = ::sd_bus_get_events(bus_.get());
    std::uint64_t until_us = 0;
    const int timed = ::sd_bus_get_timeout(bus_.get(), &until_us);
    if (events < 0 || timed < 0) return finish(events < 0 ? -events : -timed);
    if ((events & POLLIN) != 0) wait_for(asio::posix::stream_descriptor::wait_read, reads_);
    if ((events & POLLOUT) != 0) wait_for(asio::posix::stream_descriptor::wait_write, writes_);
    if (until_us == UINT64_MAX) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::microseconds(static_cast<std::int64_t>(until_us))));
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (self && !error) self->work();
    });
}

void Connection::wait_for(asio::posix::stream_descriptor::wait_type what, bool& waiting) {
    if (std::exchange(waiting, true)) return;
    descriptor_.async_wait(what, [weak = weak_from_this(), &waiting](boost::system::error_code) {
        const auto self = weak.lock();
        if (!self) return;
        waiting = false;
        self->work();
    });
}

// While it connects, sd-bus may try one address after the other.
bool Connection::follow_descriptor() {
    const int now = ::sd_bus_get_fd(bus_.get());
    if (now < 0) {
        errno = -now;
        return false;
    }
    if (now == original_) return true;
    const int duplicate = ::fcntl(now, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) return false;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    descriptor_.assign(duplicate);
    original_ = now;
    return true;
}

void Connection::finish(int error) {
    close();
    end_ = std::strerror(error);
    ended_();
}

void Connection::close() {
    if (end_.empty()) end_ = "closed";
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    timer_.cancel();
    ::sd_bus_close(bus_.get());
}

Message Connection::request(const char* destination, const char* path, const char* interface,
                            const char* member) {
    sd_bus_message* made = nullptr;
    ::sd_bus_message_new_method_call(bus_.get(), &made, destination, path, interface, member);
    return Message(made);
}

asio::awaitable<Result<Message>> Connection::call(Message request, std::chrono::milliseconds at_most) {
    struct Pending {
        explicit Pending(asio::io_context& context) : ended(context) {}
        Signal ended;
        Message reply;
    };
    const auto self = shared_from_this();
    const auto pending = std::make_unique<Pending>(context_);
    const auto keep = [](sd_bus_message* reply, void* data, sd_bus_error*) {
        auto& waiting = *static_cast<Pending*>(data);
        waiting.reply.reset(::sd_bus_message_ref(reply));
        waiting.ended.notify();
        return 1;
    };
    sd_bus_slot* slot = nullptr;
    const auto limit_us = std::chrono::microseconds(at_most).count();
    const int asked = request ? ::sd_bus_call_async(bus_.get(), &slot, request.get(), keep, pending.get(),
                                                    static_cast<std::uint64_t>(limit_us))
                              : -ENOTCONN;
    const Slot owned(slot);
    if (asked < 0) co_return failure(-asked, std::strerror(-asked));
    sent();
    if (!co_await pending->ended.wait(at_most + call_grace)) co_return failure(ETIMEDOUT, "no answer");
    if (::sd_bus_message_is_method_error(pending->reply.get(), nullptr) != 0)
        co_return tl::unexpected(no_answer(pending->reply.get()));
    co_return std::move(pending->reply);
}

asio::awaitable<Result<Message>> Connection::ask(const char* member, std::string name) {
    auto question = request("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", member);
    if (question) ::sd_bus_message_append(question.get(), "s", name.c_str());
    auto asking = call(std::move(question), bus_patience);
    co_return co_await std::move(asking);
}

asio::awaitable<Result<std::string>> Connection::owner_of(std::string name) {
    auto asking = ask("GetNameOwner", std::move(name));
    const auto reply = co_await std::move(asking);
    const char* owner = nullptr;
    if (!reply) co_return tl::unexpected(reply.error());
    if (::sd_bus_message_read(reply->get(), "s", &owner) < 0) co_return failure(EPROTO, "a strange answer");
    co_return std::string(owner);
}

asio::awaitable<Result<pid_t>> Connection::process_of(std::string name) {
    auto asking = ask("GetConnectionUnixProcessID", std::move(name));
    const auto reply = co_await std::move(asking);
    std::uint32_t process = 0;
    if (!reply) co_return tl::unexpected(reply.error());
    if (::sd_bus_message_read(reply->get(), "u", &process) < 0) co_return failure(EPROTO, "a strange answer");
    co_return static_cast<pid_t>(process);
}

asio::awaitable<Result<uid_t>> Connection::user_of(std::string name) {
    auto asking = ask("GetConnectionUnixUser", std::move(name));
    const auto reply = co_await std::move(asking);
    std::uint32_t user = 0;
    if (!reply) co_return tl::unexpected(reply.error());
    if (::sd_bus_message_read(reply->get(), "u", &user) < 0) co_return failure(EPROTO, "a strange answer");
    co_return static_cast<uid_t>(user);
}

}  // namespace tcmud::daemon::dbus
