// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/carriers.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include "handler/serving/file_systems.hpp"

using namespace tcmud::serving;
using namespace std::chrono_literals;

namespace {

bool soon(const std::function<bool()>& condition) {
    for (int i = 0; i < 500; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

// A loop that counts turns; each has one call, which the test may hold in the kernel.
class CountingLoop final : public Carried {
public:
    explicit CountingLoop(Carriers& carriers) : carriers_(carriers) { carriers_.start(*this); }
    ~CountingLoop() override {
        stopping = true;
        carriers_.wait_for(*this);
    }

    bool carry() override {
        while (!stopping) {
            // Not atomic on purpose: tsan complains if two threads carry the loop.
            ++turns_;
            turns = turns_;
            carrier = ::gettid();
            const auto inside = ownership_.enter();
            carriers_.watch();
            if (hold.exchange(false)) {
                eventfd_t count = 0;
                ::eventfd_read(held_by, &count);
            }
            if (!ownership_.leave(inside)) {
                file_system.unstick();
                ++late;
                return false;
            }
            std::this_thread::sleep_for(1ms);
        }
        return true;
    }
    Ownership* ownership() override { return &ownership_; }
    FileSystem* called() const override { return const_cast<FileSystem*>(&file_system); }
    const std::string& name() const override { return name_; }

    void release() { ::eventfd_write(held_by, 1); }

    FileSystem file_system;
    // Blocks; each release ends one hold, however late its thread is woken.
    int held_by = ::eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    std::atomic<bool> hold{false};
    std::atomic<bool> stopping{false};
    std::atomic<unsigned> turns{0};
    std::atomic<unsigned> late{0};
    std::atomic<pid_t> carrier{0};

private:
    Carriers& carriers_;
    Ownership ownership_;
    std::string name_ = "counting";
    unsigned turns_ = 0;
};

}  // namespace

TEST_CASE("a loop runs on a thread of its own until it ends") {
    Carriers carriers;
    CountingLoop loop(carriers);
    CHECK(soon([&] { return loop.turns > 10; }));
    CHECK(loop.carrier != ::gettid());
    CHECK(carriers.thread_of(loop) == loop.carrier);
    CHECK(carriers.taken() == 0);
}

TEST_CASE("a loop whose thread is held in the kernel goes on on another one") {
    Carriers carriers;
    CountingLoop loop(carriers);
    REQUIRE(soon([&] { return loop.turns > 2; }));
    const auto first = loop.carrier.load();
    loop.hold = true;
    REQUIRE(soon([&] { return carriers.taken() == 1; }));
    const auto turns = loop.turns.load();
    CHECK(soon([&] { return loop.turns > turns + 10; }));
    CHECK(loop.carrier != first);
    CHECK(carriers.thread_of(loop) == loop.carrier);
    CHECK(loop.file_system.stuck());
    CHECK(carriers.held() == 1);

    loop.release();
    CHECK(soon([&] { return loop.late == 1 && carriers.held() == 0; }));
    CHECK_FALSE(loop.file_system.stuck());
}

TEST_CASE("a loop that is confined to a CPU stays there when it changes hands, others go where they were") {
    const auto cpus_of = [](pid_t thread) {
        cpu_set_t set;
        CPU_ZERO(&set);
        ::sched_getaffinity(thread, sizeof set, &set);
        return set;
    };
    const auto everywhere = cpus_of(0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (unsigned cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &everywhere)) CPU_SET(cpu, &one);
    }
    Carriers carriers;
    CountingLoop confined(carriers);
    CountingLoop free(carriers);
    REQUIRE(soon([&] { return confined.turns > 2 && free.turns > 2; }));
    REQUIRE(::sched_setaffinity(confined.carrier, sizeof one, &one) == 0);
    for (auto* loop : {&confined, &free}) {
        const auto first = loop->carrier.load();
        loop->hold = true;
        REQUIRE(soon([&] { return loop->carrier != first; }));
        loop->release();
        REQUIRE(soon([&] { return carriers.held() == 0; }));
        // The second to be taken gets the thread that the first one's was.
        CHECK(soon([&] {
            const auto now = cpus_of(loop->carrier);
            return CPU_EQUAL(&now, loop == &confined ? &one : &everywhere);
        }));
    }
}

TEST_CASE("who watches interrupts nobody, and those that it starts are not like that") {
    Carriers carriers;
    CountingLoop loop(carriers);
    for (unsigned round = 1; round <= 3; ++round) {
        REQUIRE(soon([&] { return loop.turns > 2 && carriers.held() == 0; }));
        CHECK(::sched_getscheduler(loop.carrier) == ::sched_getscheduler(0));
        loop.hold = true;
        REQUIRE(soon([&] { return carriers.taken() == round; }));
        loop.release();
    }
}

TEST_CASE("a thread that came back too late takes over the next time") {
    Carriers carriers;
    CountingLoop loop(carriers);
    std::set<pid_t> seen;
    for (unsigned round = 1; round <= 6; ++round) {
        REQUIRE(soon([&] { return loop.turns > 2 && carriers.held() == 0; }));
        seen.insert(loop.carrier);
        loop.hold = true;
        REQUIRE(soon([&] { return carriers.taken() == round; }));
        loop.release();
        REQUIRE(soon([&] { return loop.late == round; }));
    }
    // Whoever is left over ends; the number of threads does not grow.
    CHECK(seen.size() <= 6);
    CHECK(loop.turns > 0);
}

TEST_CASE("a thread that works is not taken for one that is held") {
    Carriers carriers;
    CountingLoop loop(carriers);
    REQUIRE(soon([&] { return loop.turns > 300; }));
    CHECK(carriers.taken() == 0);
}

TEST_CASE("loops that are held and released at random lose no turn and no thread") {
    const unsigned seed = GENERATE(1u, 2u, 3u);
    std::mt19937 random(seed);
    Carriers carriers;
    std::deque<CountingLoop> loops;
    for (int i = 0; i < 3; ++i) loops.emplace_back(carriers);
    std::array<bool, 3> held{};
    for (int step = 0; step < 60; ++step) {
        const auto which = random() % loops.size();
        if (held[which]) {
            loops[which].release();
        } else {
            loops[which].hold = true;
        }
        held[which] = !held[which];
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 12));
    }
    for (std::size_t i = 0; i < loops.size(); ++i) {
        if (held[i]) loops[i].release();
    }
    CHECK(soon([&] { return carriers.held() == 0; }));
    for (auto& loop : loops) {
        const auto turns = loop.turns.load();
        CHECK(soon([&] { return loop.turns > turns + 3; }));
        CHECK_FALSE(loop.file_system.stuck());
    }
}
