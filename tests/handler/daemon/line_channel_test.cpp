// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/line_channel.hpp"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support/channels.hpp"
#include "tests/support/run_coroutine.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using namespace std::chrono_literals;
using tcmud::test::run_coroutine;
using Status = LineChannel::Status;

namespace {

bool same_file(int one, int other) {
    struct stat a {};
    struct stat b {};
    return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

FileDescriptor some_pipe() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[1]);
    return FileDescriptor(ends[0]);
}

}  // namespace

TEST_CASE("lines arrive in order, each with its descriptor") {
    asio::io_context context;
    auto [here, there] = test::connected_channels(context);
    const auto first = some_pipe();
    const auto second = some_pipe();
    run_coroutine(context, here.send("one"));
    run_coroutine(context, here.send("two", first.get()));
    run_coroutine(context, here.send("three"));
    run_coroutine(context, here.send("four", second.get()));

    auto received = run_coroutine(context, there.receive(60s));
    CHECK(received.line.text == "one");
    CHECK_FALSE(received.line.descriptor);
    received = run_coroutine(context, there.receive(60s));
    CHECK(received.line.text == "two");
    CHECK(same_file(received.line.descriptor.get(), first.get()));
    received = run_coroutine(context, there.receive(60s));
    CHECK(received.line.text == "three");
    CHECK_FALSE(received.line.descriptor);
    received = run_coroutine(context, there.receive(60s));
    CHECK(received.line.text == "four");
    CHECK(same_file(received.line.descriptor.get(), second.get()));
}

TEST_CASE("who waits for a line waits no longer than he wants") {
    asio::io_context context;
    auto [here, there] = test::connected_channels(context);
    CHECK(run_coroutine(context, there.receive(1ms)).status == Status::nothing_yet);
    run_coroutine(context, here.send("late"));
    CHECK(run_coroutine(context, there.receive(60s)).line.text == "late");
}

TEST_CASE("what was sent before the other side went away is still received") {
    asio::io_context context;
    auto [one, other] = test::connected_sockets(context);
    LineChannel there(context, std::move(other));
    {
        LineChannel here(context, std::move(one));
        run_coroutine(context, here.send("last words"));
    }
    CHECK(run_coroutine(context, there.receive(60s)).line.text == "last words");
    CHECK(run_coroutine(context, there.receive(60s)).status == Status::closed);
    CHECK(run_coroutine(context, there.receive(60s)).status == Status::closed);
    CHECK_FALSE(run_coroutine(context, there.send("anybody?")));
}

TEST_CASE("what are no lines of ours closes the channel") {
    asio::io_context context;
    for (const std::string& nonsense :
         {std::string("GET / HTTP/1.1\n"), std::string("\n"), std::string("+no descriptor\n"),
          std::string(2 * LineChannel::longest_line, '-')}) {
        auto [one, other] = test::connected_sockets(context);
        LineChannel there(context, std::move(other));
        REQUIRE(::write(one.native_handle(), nonsense.data(), nonsense.size()) > 0);
        CHECK(run_coroutine(context, there.receive(60s)).status == Status::closed);
    }
}

TEST_CASE("a socket that is released has lost nothing") {
    asio::io_context context;
    auto [here, there] = test::connected_channels(context);
    run_coroutine(context, here.send("hello"));
    CHECK(run_coroutine(context, there.receive(60s)).line.text == "hello");
    const auto socket = there.release();
    run_coroutine(context, here.send("more"));
    char bytes[16] = {};
    CHECK(::read(socket.get(), bytes, sizeof bytes) == 6);
    CHECK(std::string(bytes) == "-more\n");
}
