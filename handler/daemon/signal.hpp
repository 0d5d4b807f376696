// SPDX-License-Identifier: Apache-2.0
// Waiting, in a coroutine of the control thread, for something that happens elsewhere.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "handler/serving/loop.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

namespace asio = boost::asio;

// Set once or many times, waited for by one coroutine at a time. Control thread.
class Signal {
public:
    explicit Signal(asio::io_context& context) : timer_(context) {}

    void notify() {
        set_ = true;
        timer_.cancel();
    }
    // False: the time passed first. Clears the signal.
    asio::awaitable<bool> wait(std::chrono::steady_clock::duration at_most) {
        if (!set_) {
            timer_.expires_after(at_most);
            boost::system::error_code ignored;
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        co_return std::exchange(set_, false);
    }

private:
    asio::steady_timer timer_;
    bool set_ = false;
};

// Has a serving thread begin something, which calls what it is given, once, when it has ended: on that
// thread, inside of the call or later. If the thread does not get to it within the time, it is not begun at
// all.
template <class T>
using Begin = std::function<void(std::function<void(T)> ended)>;
template <class T>
asio::awaitable<Result<T>> begun_on_loop(asio::io_context& context, serving::Loop& loop, Begin<T> begin,
                                         std::chrono::milliseconds at_most) {
    struct Shared {
        explicit Shared(asio::io_context& of) : done(of) {}
        Signal done;
        std::atomic<bool> taken{
            false};  // By the serving thread, to be done; or by the waiter, to be left undone.
        std::optional<T> value;
    };
    auto shared = std::make_shared<Shared>(context);
    loop.post([&context, shared, begin = std::move(begin)] {
        if (shared->taken.exchange(true)) return;
        begin([&context, shared](T value) {
            shared->value.emplace(std::move(value));
            asio::post(context, [shared] { shared->done.notify(); });
        });
    });
    while (!co_await shared->done.wait(at_most)) {
        if (!shared->taken.exchange(true)) co_return failure(ETIMEDOUT, "its serving thread does not answer");
    }
    co_return std::move(*shared->value);
}

// The same of work that has ended when its call has.
template <class T>
asio::awaitable<Result<T>> on_loop(asio::io_context& context, serving::Loop& loop, std::function<T()> work,
                                   std::chrono::milliseconds at_most = std::chrono::seconds(10)) {
    auto doing = begun_on_loop<T>(
        context, loop, [work = std::move(work)](const std::function<void(T)>& ended) { ended(work()); },
        at_most);
    co_return co_await std::move(doing);
}

// For co_spawn: an exception that escapes a coroutine ends the daemon, it is not lost.
inline void rethrow(const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
}

}  // namespace tcmud::daemon
