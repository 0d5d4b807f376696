// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/signal.hpp"

#include <cerrno>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/run_coroutine.hpp"
#include "tests/support/test_loop.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using namespace std::chrono_literals;
using tcmud::test::run_coroutine;

TEST_CASE("a signal that was given before is not waited for, and only once seen") {
    asio::io_context context;
    Signal signal(context);
    signal.notify();
    signal.notify();
    CHECK(run_coroutine(context, signal.wait(60s)));
    CHECK_FALSE(run_coroutine(context, signal.wait(1ms)));
}

TEST_CASE("a signal wakes who waits") {
    asio::io_context context;
    Signal signal(context);
    asio::post(context, [&] { signal.notify(); });
    CHECK(run_coroutine(context, signal.wait(60s)));
}

TEST_CASE("work for a serving thread is done there, and its value awaited") {
    asio::io_context context;
    test::TestLoop loop;
    std::function<std::thread::id()> work = [] { return std::this_thread::get_id(); };
    const auto where = run_coroutine(context, on_loop<std::thread::id>(context, loop, std::move(work)));
    REQUIRE(where);
    CHECK(*where != std::this_thread::get_id());
}

TEST_CASE("work that a serving thread does not get to in time is not done at all") {
    asio::io_context context;
    test::TestLoop loop;
    std::promise<void> go_on;
    loop.post([&] { go_on.get_future().wait(); });
    bool done = false;
    std::function<int()> work = [&] {
        done = true;
        return 0;
    };
    const auto result = run_coroutine(context, on_loop<int>(context, loop, std::move(work), 20ms));
    REQUIRE_FALSE(result);
    CHECK(result.error().number == ETIMEDOUT);
    go_on.set_value();
    std::function<int()> later = [] { return 7; };
    CHECK(run_coroutine(context, on_loop<int>(context, loop, std::move(later))) == 7);
    CHECK_FALSE(done);
}

TEST_CASE("what a serving thread has begun is awaited until it has ended") {
    asio::io_context context;
    test::TestLoop loop;
    std::thread later;
    Begin<int> begin = [&](std::function<void(int)> ended) {
        later = std::thread([&loop, ended = std::move(ended)] {
            std::this_thread::sleep_for(20ms);
            loop.post([ended] { ended(7); });
        });
    };
    auto waiting = begun_on_loop<int>(context, loop, std::move(begin), 10s);
    CHECK(run_coroutine(context, std::move(waiting)) == 7);
    later.join();
}

TEST_CASE("what escapes a coroutine is not lost") {
    CHECK_NOTHROW(rethrow(nullptr));
    CHECK_THROWS_WITH(rethrow(std::make_exception_ptr(std::runtime_error("lost"))), "lost");
}
