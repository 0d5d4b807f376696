// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/machine_findings.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/handler/ctl/tree.hpp"

using namespace tcmud;
using namespace tcmud::ctl;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

// A machine on which nothing is wrong.
struct MachineBench {
    MachineBench() {
        machine.root = tree.root();
        machine.kernel_release = "6.1.0-18-amd64";
        tree.file("proc/mounts", "configfs /sys/kernel/config configfs rw 0 0\n");
        tree.file("sys/module/target_core_user/parameters/block_netlink", "0\n");
        tree.file("sys/kernel/config/target/dbroot", "/etc/target\n");
        tree.directory("etc/target/pr");
        tree.directory("etc/target/alua");
        process(4711, "tcmud", "0::/system.slice/tcmud.service\n");
        tree.file("proc/4711/limits",
                  "Limit                     Soft Limit           Hard Limit           Units\n"
                  "Max open files            65536                65536                files\n"
                  "Max locked memory         unlimited            unlimited            bytes\n");
    }
    void process(int id, const std::string& name, const std::string& cgroup) const {
        const auto directory = "proc/" + std::to_string(id) + "/";
        tree.file(directory + "comm", name + "\n");
        tree.file(directory + "cgroup", cgroup);
        tree.file(directory + "wchan", "0");
    }
    std::vector<Finding> look() const { return machine_findings(machine, daemon); }
    // The only finding.
    Finding finding() const {
        const auto all = look();
        REQUIRE(all.size() == 1);
        return all[0];
    }

    test::Tree tree;
    Machine machine;
    json daemon{{"process_id", 4711}, {"luns", 3}};
};

}  // namespace

TEST_CASE("on a machine that is well there are no findings") {
    CHECK(MachineBench().look().empty());
}

TEST_CASE("a module that is not loaded is found, and one that the kernel does not have") {
    MachineBench bench;
    bench.tree.remove("sys/module/target_core_user");
    CHECK(bench.finding().mend == "modprobe target_core_user");
    bench.tree.file("lib/modules/6.1.0-18-amd64/modules.dep", "kernel/drivers/target/target_core_user.ko:\n");
    CHECK(bench.finding().mend == "modprobe target_core_user");
    bench.tree.file("lib/modules/6.1.0-18-amd64/modules.dep", "kernel/fs/ext4/ext4.ko:\n");
    CHECK_THAT(bench.finding().what, Contains("6.1.0-18-amd64 has no module target_core_user"));
}

TEST_CASE("configfs that is not mounted is found") {
    MachineBench bench;
    bench.tree.remove("sys/kernel/config");
    bench.tree.file("proc/mounts", "proc /proc proc rw 0 0\n");
    CHECK_THAT(bench.finding().mend, Contains("mount -t configfs"));
}

TEST_CASE("an old kernel is found, by what it cannot do") {
    MachineBench bench;
    bench.machine.kernel_release = "4.18.0-80.el8.x86_64";
    CHECK(bench.finding().wrong);
    bench.machine.kernel_release = "5.4.0-42-generic";
    CHECK_FALSE(bench.finding().wrong);
    bench.machine.kernel_release = "5.10.0-1";
    CHECK(bench.look().empty());
}

TEST_CASE("a daemon that does not run is found, and one that does not answer") {
    MachineBench bench;
    bench.daemon = nullptr;
    CHECK_THAT(bench.finding().what, Contains("process 4711"));
    CHECK(bench.finding().mend == "systemctl restart tcmud");
    bench.tree.remove("proc/4711");
    CHECK(bench.finding().mend == "systemctl start tcmud");
}

TEST_CASE("who waits in the kernel for a daemon is found") {
    MachineBench bench;
    bench.process(77, "bash", "0::/user.slice\n");
    CHECK(waiting_writers(bench.machine.root).empty());
    bench.tree.file("proc/77/wchan", "tcmu_netlink_event_send");
    CHECK(waiting_writers(bench.machine.root) == std::vector<Process>{{77, "bash"}});
    bench.tree.file("proc/77/wchan", "0");
    bench.tree.file("proc/77/stack", "[<0>] tcmu_wait_genl_cmd_reply+0x1/0x2\n");
    CHECK(waiting_writers(bench.machine.root) == std::vector<Process>{{77, "bash"}});
}

TEST_CASE("a writer that stays stuck is freed by a reset of the kernel's queue, or by a tcmud that starts") {
    MachineBench bench;
    bench.machine.stuck_writers = {{77, "bash"}};
    CHECK_THAT(bench.finding().what, Contains("process 77 (bash)"));
    CHECK_THAT(bench.finding().mend, Contains("echo 1 >reset_netlink; echo 0 >block_netlink"));
    bench.daemon = nullptr;
    bench.tree.remove("proc/4711");
    for (const auto& finding : bench.look()) CHECK(finding.mend == "systemctl start tcmud");
}

TEST_CASE("a kernel that was told to keep quiet is found") {
    MachineBench bench;
    bench.tree.file("sys/module/target_core_user/parameters/block_netlink", "1\n");
    CHECK(bench.finding().mend == "echo 0 >/sys/module/target_core_user/parameters/block_netlink");
}

TEST_CASE("another daemon on the bus name is found by process and unit") {
    MachineBench bench;
    bench.process(99, "tcmu-runner", "0::/system.slice/tcmu-runner.service\n");
    bench.machine.bus_owner = 99;
    CHECK_THAT(bench.finding().what,
               Contains("process 99 (tcmu-runner, tcmu-runner.service) owns org.kernel.TCMUService1"));
    CHECK(bench.finding().mend == "systemctl disable --now tcmu-runner.service");
    bench.tree.file("proc/99/cgroup", "0::/user.slice/session-1.scope\n");
    CHECK(bench.finding().mend == "kill 99");
}

TEST_CASE("a tcmu-runner without a bus is found too") {
    MachineBench bench;
    bench.process(99, "tcmu-runner", "0::/\n");
    CHECK_THAT(bench.finding().what, Contains("process 99 (tcmu-runner) is another TCMU daemon"));
}

TEST_CASE("tcmud itself may own the bus name") {
    MachineBench bench;
    bench.machine.bus_owner = 4711;
    CHECK(bench.look().empty());
}

TEST_CASE("a directory that the kernel needs is found missing") {
    MachineBench bench;
    bench.tree.remove("etc/target/pr");
    CHECK(bench.finding().mend == "mkdir -p /etc/target/pr");
    bench.tree.remove("etc/target");
    CHECK(bench.finding().mend == "mkdir -p /etc/target/pr /etc/target/alua");
}

TEST_CASE("a limit of open files that is too low for the LUNs is found") {
    MachineBench bench;
    bench.tree.file("proc/4711/limits", "Max open files            1024    524288    files\n");
    CHECK(bench.look().empty());
    bench.daemon["luns"] = 200;
    CHECK(bench.finding().mend == "prlimit --pid 4711 --nofile=65536:65536");
}

TEST_CASE("what the daemon says of its LUNs is found") {
    const json luns{
        {{"hba", "user_0"}, {"name", "a"}, {"hung_commands", 0}},
        {{"hba", "user_0"}, {"name", "b"}, {"error", "/srv/b: No such file or directory"}},
        {{"hba", "user_0"}, {"name", "c"}, {"hung_commands", 2}, {"oldest_command_seconds", 17.2}},
    };
    const auto findings = served_findings(luns);
    REQUIRE(findings.size() == 2);
    CHECK(findings[0].what == "user_0/b is not served: /srv/b: No such file or directory");
    CHECK_THAT(findings[1].what, Contains("user_0/c: 2 of its commands hang, the oldest for 17 s"));
}
