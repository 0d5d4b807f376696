// SPDX-License-Identifier: Apache-2.0
// A connection to the system bus that nobody ever waits for: sd-bus, driven by the control thread's event
// loop.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "handler/daemon/dbus/handles.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {
namespace asio = boost::asio;
}  // namespace tcmud::daemon

namespace tcmud::daemon::dbus {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    // ended: called once, when the bus has gone or does not speak as it should.
    static Result<std::shared_ptr<Connection>> open(asio::io_context& context, std::function<void()> ended);
    Connection(asio::io_context& context, Bus bus, std::function<void()> ended);

    // For sd-bus's functions that don't wait. Not for others: the calls that end in nothing or in _flush, and
    // sd_bus_query_sender_creds, which asks the bus and waits for it.
    sd_bus* bus() const { return bus_.get(); }
    // To be called when something was sent outside of the callbacks of sd-bus.
    void sent();
    // For good, without telling.
    void close();
    // Why it ended; empty: it has not.
    const std::string& end() const { return end_; }

    // The awaited value is the reply, or why there is none. Callbacks are called from the event loop only.
    asio::awaitable<Result<Message>> call(Message request, std::chrono::milliseconds at_most);
    Message request(const char* destination, const char* path, const char* interface, const char* member);

    // Questions to the bus itself, about a name on it.
    asio::awaitable<Result<std::string>> owner_of(std::string name);
    asio::awaitable<Result<pid_t>> process_of(std::string name);
    asio::awaitable<Result<uid_t>> user_of(std::string name);

private:
    void work();
    void wait();
    void wait_for(asio::posix::stream_descriptor::wait_type what, bool& waiting);
    bool follow_descriptor();
    void finish(int error);
    asio::awaitable<Result<Message>> ask(const char* member, std::string name);

    asio::io_context& context_;
    Bus bus_;
    std::function<void()> ended_;
    // A duplicate: sd-bus closes its own when it likes, and the event loop must not find another file there.
    asio::posix::stream_descriptor descriptor_;
    int original_ = -1;
    asio::steady_timer timer_;
    bool reads_ = false;
    bool writes_ = false;
    bool will_work_ = false;
    std::string end_;
};

}  // namespace tcmud::daemon::dbus
