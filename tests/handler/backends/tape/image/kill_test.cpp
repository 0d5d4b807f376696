// SPDX-License-Identifier: Apache-2.0
// A process that writes a tape is killed, at any moment: what it was told to be written is there.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <random>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

// Seen by both processes.
struct Written {
    std::atomic<std::uint64_t> objects{0};
};

Bytes nth_of_many(std::uint64_t object) {
    return block(200 + object % 50, static_cast<unsigned>(object));
}

// From time to time it goes back and overwrites what it wrote last.
[[noreturn]] void write_for_ever(const std::string& path, Written& written) {
    auto partition = open_partition(path, 20000);
    for (unsigned turn = 1;; ++turn) {
        if (turn % 40 == 0) {
            const auto kept = partition.tail().object - 10;
            written.objects = kept;
            need(partition.cut(kept));
        }
        append(partition, nth_of_many(partition.tail().object));
        if (turn % 16 == 0) need(partition.synchronize());
        written.objects = partition.tail().object;
    }
}

}  // namespace

TEST_CASE("recovery: after a kill at any moment everything is there that was written") {
    const TemporaryDirectory directory;
    const auto path = (directory.path() / "p0").string();
    void* shared =
        ::mmap(nullptr, sizeof(Written), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    auto& written = *new (shared) Written;
    std::mt19937 chance(1);
    for (int round = 0; round < 20; ++round) {
        const auto child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) write_for_ever(path, written);
        const auto before = written.objects.load();
        // Bounded, should it not get that far.
        for (int i = 0; i < 100000 && written.objects >= before && written.objects < before + 20; ++i)
            ::usleep(100);
        ::usleep(static_cast<useconds_t>(chance() % 3000));
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));

        auto partition = open_partition(path, 20000, false);
        CAPTURE(round, partition.tail().object, written.objects.load());
        REQUIRE(partition.tail().object >= written.objects);
        for (std::uint64_t object = 0; object < partition.tail().object; ++object)
            REQUIRE(read(partition, object) == nth_of_many(object));
        written.objects = partition.tail().object;
    }
    ::munmap(shared, sizeof(Written));
}
