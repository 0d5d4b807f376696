// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/guard.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;
using test::state;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

namespace {

// A guard, what it said, and a clock that the test plays.
class Watched {
public:
    void look(std::chrono::seconds length) {
        for (auto passed = 0ms; passed < length; passed += 500ms) guard.look(now_ += 500ms);
    }
    void look_until_guarded(const std::string& lun) {
        for (int i = 0; i < 100 && !fs_exists(machine.record(lun)); ++i) look(1s);
    }
    static bool fs_exists(const std::filesystem::path& path) { return std::filesystem::exists(path); }

    test::Machine machine;
    Lines said;
    Guard guard{machine.paths, 10s, [this](const std::string& line) { said.push_back(line); }};

private:
    Watch::Clock::time_point now_{1h};
};

}  // namespace

TEST_CASE("where tcmud has served nothing, it is not missed") {
    Watched watched;
    watched.look(60s);
    CHECK(watched.said.empty());
    // Nor at once when it goes for the first time.
    watched.machine.add_lun("one", 0);
    watched.look(9s);
    CHECK(watched.said.empty());
}

TEST_CASE("while tcmud serves, nothing happens") {
    Watched watched;
    watched.machine.add_lun("one", 0);
    const auto tcmud = watched.machine.tcmud(true);
    watched.look(60s);
    CHECK(watched.said.empty());
    CHECK(watched.machine.attribute("one", state) == "0\n");
}

TEST_CASE("a tcmud that does not come back has its LUNs guarded, each is told of once") {
    Watched watched;
    watched.machine.add_lun("one", 0);
    watched.machine.add_lun("two", 1, false);
    watched.look(60s);
    CHECK(watched.said == Lines{"tcmud has not served for 10 s",
                                "user_0/one: its commands end with errors until it is served again",
                                "user_0/two: its commands end with errors until it is served again"});
    CHECK(watched.machine.attribute("one", state) == "3");
    CHECK(watched.machine.attribute("two", "action/block_dev") == "1");
    CHECK(watched.guard.interval() < 500ms);
    CHECK(watched.guard.undo_all());
    CHECK(watched.machine.attribute("one", state) == "0");
    CHECK(watched.machine.attribute("two", "action/block_dev") == "0");
}

TEST_CASE("who serves a LUN again removes its record, and that is the end of it") {
    Watched watched;
    watched.machine.add_lun("one", 0);
    watched.look_until_guarded("one");
    const auto tcmud = watched.machine.tcmud(true);
    std::filesystem::remove(watched.machine.record("one"));
    watched.machine.write(watched.machine.device("one") / "action/reset_ring", "");
    watched.look(60s);
    CHECK(watched.machine.attribute("one", "action/reset_ring").empty());
    CHECK(watched.guard.interval() == 500ms);
}

TEST_CASE("what an earlier guard recorded goes on being guarded at once") {
    Watched watched;
    watched.machine.add_lun("one", 0);
    watched.machine.write(watched.machine.record("one"), "0 3 " + state + "\n");
    watched.look(1s);
    CHECK(watched.machine.attribute("one", "action/reset_ring") == "2");
}

TEST_CASE("one LUN that fails is told of once and keeps no other") {
    Watched watched;
    watched.machine.add_lun("one", 0);
    watched.machine.add_lun("two", 1);
    std::filesystem::remove(watched.machine.paths.devices / "uio0");
    std::filesystem::create_directory(watched.machine.paths.devices / "uio0");
    watched.look(60s);
    CHECK(watched.machine.attribute("two", state) == "3");
    CHECK(std::count_if(watched.said.begin(), watched.said.end(), [](const std::string& line) {
              return line.starts_with("user_0/one: cannot open ");
          }) == 1);
}
