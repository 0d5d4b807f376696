// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/weight_controller.hpp"

#include <functional>

#include <catch2/catch.hpp>

using namespace tcmud::serving;
using namespace std::chrono_literals;
using Time = WeightController::Time;

namespace {

// A machine: how many commands a wake-up carries and how long it takes, at each nice value.
struct ModelMachine {
    struct Wakeup {
        std::size_t commands;
        Time takes;
    };
    std::function<Wakeup(int nice)> wakeup;
    WeightController controller{};
    Time now{1s};
    int nice = 0;
    Time lightest_for{0};  // How long it was at another nice value than 0.

    void run(Time duration) {
        for (const auto end = now + duration; now < end;) {
            const auto [commands, takes] = wakeup(nice);
            now += takes;
            if (nice != 0) lightest_for += takes;
            if (controller.woken(commands)) nice = controller.look(now);
        }
    }
};

// One command per wake-up at nice 0, all of a burst from nice 10 on.
ModelMachine deep_queue(std::size_t depth) {
    return {[depth](int nice) {
        return nice == 0 ? ModelMachine::Wakeup{1, 40us}
                         : ModelMachine::Wakeup{depth, 22us * static_cast<long>(depth)};
    }};
}

}  // namespace

TEST_CASE("a deep queue is served in batches soon, and stays so") {
    auto machine = deep_queue(32);
    machine.run(300ms);
    CHECK(machine.nice >= 10);
    machine.run(5s);
    CHECK(machine.nice >= 10);
}

TEST_CASE("of steps that serve the same the least is kept") {
    auto machine = deep_queue(32);
    machine.run(1s);
    CHECK(machine.nice == 10);
}

TEST_CASE("the step that serves the most is kept") {
    ModelMachine machine{[](int nice) {
        if (nice < 15) return ModelMachine::Wakeup{nice == 0 ? 1u : 2u, nice == 0 ? 40us : 78us};
        return nice == 15 ? ModelMachine::Wakeup{16, 350us} : ModelMachine::Wakeup{16, 600us};
    }};
    machine.run(1s);
    CHECK(machine.nice == 15);
}

TEST_CASE("a step that changes nothing is passed over for the next") {
    ModelMachine machine{[](int nice) {
        return nice < 12 ? ModelMachine::Wakeup{1, 40us} : ModelMachine::Wakeup{32, 32 * 30us};
    }};
    machine.run(500ms);
    CHECK(machine.nice == 12);
}

TEST_CASE("where wake-ups carry many without any help, heavier ones are tried all the same") {
    // Large blocks: a few hundred wake-ups a second.
    ModelMachine machine{[](int nice) {
        return nice == 0 ? ModelMachine::Wakeup{7, 820us} : ModelMachine::Wakeup{8, 880us};
    }};
    machine.run(500ms);
    CHECK(machine.nice == 10);
}

TEST_CASE(
    "of large blocks, few for each wake-up and a few hundred wake-ups a second, the best step is found") {
    // Over a network: 8 commands for each wake-up; at nice 0 one by one, though a little slower.
    ModelMachine machine{[turn = 0](int nice) mutable {
        if (nice == 0) return ModelMachine::Wakeup{1, 600us};
        const auto uneven = ++turn % 2 == 0 ? 500us : -500us;
        return ModelMachine::Wakeup{8, 8 * (nice == 19 ? 560us : 610us) + uneven};
    }};
    machine.run(1s);
    CHECK(machine.nice == 19);
}

TEST_CASE("lone commands are made to wait for a few milliseconds of a second at most") {
    // Beside a process that burns the CPU: light threads wait for their turn.
    ModelMachine machine{[](int nice) { return ModelMachine::Wakeup{1, nice == 0 ? 60us : 3ms}; }};
    machine.run(2s);
    machine.lightest_for = 0s;
    machine.run(10s);
    CHECK(machine.nice == 0);
    CHECK(machine.lightest_for > 0s);
    CHECK(machine.lightest_for < 200ms);
}

TEST_CASE("few commands are no reason to try anything") {
    ModelMachine machine{[](int) { return ModelMachine::Wakeup{2, 4ms}; }};
    machine.run(3s);
    CHECK(machine.lightest_for == 0s);
}

TEST_CASE("when commands come one by one again, the thread is itself again within a few wake-ups") {
    auto machine = deep_queue(32);
    machine.run(1s);
    REQUIRE(machine.nice != 0);
    machine.wakeup = [](int nice) { return ModelMachine::Wakeup{1, nice == 0 ? 40us : 50us}; };
    machine.run(2ms);
    CHECK(machine.nice == 0);
}

TEST_CASE("a step that does not serve as much as it did is left") {
    auto machine = deep_queue(32);
    machine.run(1s);
    REQUIRE(machine.nice != 0);
    machine.wakeup = [](int nice) {
        return nice == 0 ? ModelMachine::Wakeup{2, 80us} : ModelMachine::Wakeup{32, 20ms};
    };
    machine.run(400ms);
    CHECK(machine.nice == 0);
}

TEST_CASE("after a rest the thread is at nice 0, and tries again as soon as there is much to do") {
    auto machine = deep_queue(32);
    machine.run(1s);
    machine.now += WeightController::rest;
    machine.nice = machine.controller.rested(machine.now);
    CHECK(machine.nice == 0);
    machine.run(100ms);
    CHECK(machine.nice != 0);
}

TEST_CASE("who is refused waits before asking again") {
    auto machine = deep_queue(32);
    machine.run(21ms);
    REQUIRE(machine.nice != 0);
    machine.controller.refused(machine.now);
    CHECK(machine.controller.nice() == 0);
    machine.nice = 0;
    machine.run(50ms);
    CHECK(machine.nice == 0);
    machine.run(100ms);
    CHECK(machine.nice != 0);
}
