// SPDX-License-Identifier: Apache-2.0
#include "uio/crash_point.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

using namespace tcmud::uio;

namespace {

// How a process ends that comes to each point three times.
int status_of(std::string_view where) {
    const auto child = ::fork();
    if (child == 0) {
        if (!crash_at(where)) ::_exit(2);
        for (int i = 0; i < 3; ++i) {
            for (std::size_t point = 0; point < crash_point_names.size(); ++point)
                crash_point(static_cast<CrashPoint>(point));
        }
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
}

}  // namespace

TEST_CASE("a process is killed where it was asked to be") {
    for (const auto name : crash_point_names) {
        const auto status = status_of(name);
        CHECK(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == SIGKILL);
    }
    CHECK(WIFSIGNALED(status_of("answer_stored:3")));
}

TEST_CASE("one that never gets there lives") {
    const auto status = status_of("taken:4");
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a point that does not exist is refused") {
    for (const auto* where : {"", "nowhere", "taken:", "taken:x", "taken:0", "taken:3x"})
        CHECK(WEXITSTATUS(status_of(where)) == 2);
}
