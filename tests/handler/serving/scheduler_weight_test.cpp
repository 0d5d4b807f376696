// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/scheduler_weight.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using serving::SchedulerWeight;
using Mechanism = SchedulerWeight::Mechanism;

namespace {

// A machine's /proc and /sys/fs/cgroup as far as they matter.
struct Machine {
    test::TemporaryDirectory directory;

    void write(const std::string& name, const std::string& text) const {
        const auto path = directory.path() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(directory.path() / name);
        std::string text;
        std::getline(file, text);
        return text;
    }
};

const std::string group_file = "sys/fs/cgroup/system.slice/tcmud.service/cpu.weight.nice";

struct Service : Machine {
    Service() {
        write("proc/self/cgroup", "0::/system.slice/tcmud.service\n");
        write(group_file, "0\n");
    }
};

}  // namespace

TEST_CASE("inside of a service with the cpu controller it is the cgroup that is weighed") {
    const Service machine;
    SchedulerWeight weight(machine.directory.path());
    CHECK(weight.mechanism() == Mechanism::cgroup);
    CHECK(weight.shared());
    int self = 0;
    CHECK(weight.set(&self, 12, 1000));
    CHECK(machine.read(group_file) == "12");
}

TEST_CASE("a weight that is left goes back to 0") {
    const Service machine;
    {
        SchedulerWeight weight(machine.directory.path());
        int self = 0;
        CHECK(weight.set(&self, 12, 1000));
    }
    CHECK(machine.read(group_file).starts_with('0'));
}

TEST_CASE("a shared weight is the busiest thread's") {
    const Service machine;
    SchedulerWeight weight(machine.directory.path());
    int busy = 0;
    int busier = 0;
    CHECK(weight.set(&busy, 10, 1000));
    CHECK_FALSE(weight.set(&busier, 15, 500));
    CHECK(machine.read(group_file) == "10");
    CHECK(weight.set(&busier, 15, 2000));
    CHECK(machine.read(group_file) == "15");
    // Who lost it takes nothing back.
    CHECK_FALSE(weight.set(&busy, 0, 1000));
    CHECK(machine.read(group_file) == "15");
    CHECK(weight.set(&busier, 0, 2000));
    CHECK(weight.set(&busy, 10, 1000));
}

TEST_CASE("an autogroup is weighed only where the session is ours alone") {
    Machine machine;
    machine.write("proc/sys/kernel/sched_autogroup_enabled", "1\n");
    machine.write("proc/self/autogroup", "/autogroup-1 nice 0\n");
    const SchedulerWeight weight(machine.directory.path());
    CHECK((weight.mechanism() == Mechanism::autogroup) == (::getsid(0) == ::getpid()));
}

TEST_CASE("elsewhere each thread has its own nice value, if it can be taken back") {
    const Machine machine;
    SchedulerWeight weight(machine.directory.path());
    CHECK_FALSE(weight.shared());
    std::thread([&] {
        int self = 0;
        const bool can = weight.mechanism() == Mechanism::thread;
        CHECK(weight.set(&self, 10, 1000) == can);
        CHECK(::getpriority(PRIO_PROCESS, 0) == (can ? 10 : 0));
        CHECK(weight.set(&self, 0, 1000) == can);
        CHECK(::getpriority(PRIO_PROCESS, 0) == 0);
    }).join();
}

TEST_CASE("each mechanism has a name") {
    CHECK(serving::name_of(Mechanism::none) == "none");
    CHECK(serving::name_of(Mechanism::thread) == "thread");
    CHECK(serving::name_of(Mechanism::autogroup) == "autogroup");
    CHECK(serving::name_of(Mechanism::cgroup) == "cgroup");
}
