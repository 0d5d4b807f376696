// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/lock_memory.hpp"

#include <sys/mman.h>

#include <fstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

using tcmud::serving::lock_memory;

namespace {

long locked_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        long kib = 0;
        if (word == "VmLck:" && status >> kib) return kib;
    }
    return -1;
}

}  // namespace

TEST_CASE("what is locked need not begin at a page, and pages that nobody touched stay absent") {
    constexpr std::size_t page = 4096;
    constexpr std::size_t size = 4 * page;
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    const auto before = locked_kib();
    // The usual limit of an ordinary user is far above four pages.
    CHECK_FALSE(lock_memory(static_cast<char*>(memory) + 100, size - 100));
    CHECK(locked_kib() - before == 16);
    unsigned char present[4] = {};
    REQUIRE(::mincore(memory, size, present) == 0);
    for (const auto each : present) CHECK((each & 1) == 0);
    ::munmap(memory, size);
}

TEST_CASE("memory that is not there cannot be locked") {
    CHECK(lock_memory(nullptr, 4096) == std::errc::not_enough_memory);
}

TEST_CASE("a thread locks its stack") {
    const auto before = locked_kib();
    long inside = 0;
    std::thread([&] {
        tcmud::serving::lock_own_stack();
        inside = locked_kib();
    }).join();
    // A stack of the default size may be beyond RLIMIT_MEMLOCK.
    if (inside != before) CHECK(inside > before);
}
