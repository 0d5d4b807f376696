// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/processes.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::daemon;

TEST_CASE("the process at the other end of a socket is known") {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(peer_of(ends[0]) == ::getpid());
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(peer_of(ends[0]) == 0);
}

TEST_CASE("a process is described by its name") {
    CHECK_THAT(describe_process(::getpid()), Catch::Matchers::StartsWith(" (daemon_tests"));
    CHECK(describe_process(0).empty());
}

TEST_CASE("a process that is begun apart has its arguments, and is no child of ours") {
    const test::TemporaryDirectory directory;
    const auto file = (directory.path() / "parent of $it").string();
    // Whose parent is no more: waits until it has another one.
    const std::string script =
        "while [ \"$(cut -d' ' -f4 /proc/$$/stat)\" = \"$1\" ]; do sleep 0.01; done; echo gone >\"$2.new\"; "
        "mv \"$2.new\" \"$2\"";
    REQUIRE(begin_apart({"sh", "-c", script, "sh", std::to_string(::getpid()), file}));
    int looks = 0;
    for (; looks < 1000 && ::waitpid(-1, nullptr, WNOHANG) != -1; ++looks) {
        reap_ended();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(looks < 1000);
    for (int i = 0; i < 1000 && ::access(file.c_str(), F_OK) != 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::string line;
    std::ifstream(file) >> line;
    CHECK(line == "gone");
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("an exception that escapes ends the process with exit code 1, at once") {
    const auto child = ::fork();
    if (child == 0) {
        ::close(2);
        run_or_exit([] { throw std::runtime_error("out of something"); });
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 1);
}

TEST_CASE("as many files may be open as the hard limit allows") {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const auto before = limit;
    limit.rlim_cur = 64;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    raise_limit_of_open_files();
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(limit.rlim_cur == limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &before);
}
