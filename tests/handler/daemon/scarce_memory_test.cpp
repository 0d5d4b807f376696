// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/scarce_memory.hpp"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include <catch2/catch.hpp>

#if defined(__SANITIZE_THREAD__)
// Threads that earlier tests have left behind are no reason to end the process that is forked here.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
    return "die_after_fork=0";
}
#endif

using namespace tcmud::daemon;

namespace {

constexpr int all_is_well = 0;
constexpr int large_stack = 1;
constexpr int waits_for_io = 2;

std::size_t own_stack() {
    pthread_attr_t attributes;
    std::size_t size = 0;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return size;
    ::pthread_attr_getstacksize(&attributes, &size);
    ::pthread_attr_destroy(&attributes);
    return size;
}

// In a process of its own, since it changes all of it.
int prepared_process() {
    prepare_for_scarce_memory();
    lock_program();
    lock_heap();
    std::size_t stack = 0;
    std::thread([&] { stack = own_stack(); }).join();
    if (stack > 2 * thread_stack) return large_stack;
    constexpr int get_io_flusher = 58;  // PR_GET_IO_FLUSHER
    const int flusher = ::prctl(get_io_flusher, 0, 0, 0, 0);
    // Where we may not ask we could not set it either.
    return flusher == 0 ? waits_for_io : all_is_well;
}

}  // namespace

TEST_CASE("a process that is prepared has small stacks and gets memory without input and output") {
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(prepared_process());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == all_is_well);
}
