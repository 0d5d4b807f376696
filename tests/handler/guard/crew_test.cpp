// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/crew.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

using namespace tcmud::guard;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

std::vector<Order> orders(std::initializer_list<const char*> texts) {
    std::vector<Order> all;
    for (const auto* text : texts) all.push_back({text, text});
    return all;
}

// Says who did it, or does what it is told.
Deed obey(std::string_view order) {
    if (order == "hang") std::this_thread::sleep_for(60s);
    if (order == "slow") std::this_thread::sleep_for(50ms);
    if (order == "die") ::raise(SIGKILL);
    if (order == "fail") return {Outcome::failed, std::string(10000, 'x')};
    return {Outcome::guarded, std::to_string(::getpid())};
}

}  // namespace

TEST_CASE("each order is carried out, in another process") {
    Crew crew(obey, 10s);
    const auto deeds = crew.work(orders({"a", "b", "c", "d", "e"}), 2);
    REQUIRE(deeds.size() == 5);
    std::set<std::string> processes;
    for (const auto& deed : deeds) {
        CHECK(deed.outcome == Outcome::guarded);
        processes.insert(deed.error);
    }
    CHECK(processes.size() <= 2);
    CHECK_FALSE(processes.contains(std::to_string(::getpid())));
}

TEST_CASE("a process stays for the next orders") {
    Crew crew(obey, 10s);
    const auto first = crew.work(orders({"a"}), 1).front().error;
    CHECK(crew.work(orders({"b"}), 1).front().error == first);
    crew.dismiss();
    CHECK(crew.work(orders({"c"}), 1).front().error != first);
}

TEST_CASE("no orders are no work") {
    Crew crew(obey);
    CHECK(crew.work({}, 3).empty());
}

TEST_CASE("who is slow within the patience is waited for") {
    Crew crew(obey, 30s);
    CHECK(crew.work(orders({"slow"}), 1).front().outcome == Outcome::guarded);
}

TEST_CASE("who hangs is left to itself, and the others are done") {
    Crew crew(obey, 200ms);
    const auto began = Clock::now();
    const auto deeds = crew.work(orders({"a", "hang", "b", "c"}), 1);
    CHECK(Clock::now() - began < 30s);
    CHECK(deeds[0].outcome == Outcome::guarded);
    CHECK(deeds[1].outcome == Outcome::hung);
    CHECK(deeds[2].outcome == Outcome::guarded);
    CHECK(deeds[3].outcome == Outcome::guarded);
}

TEST_CASE("several that hang keep the others no longer than one") {
    Crew crew(obey, 500ms);
    const auto began = Clock::now();
    const auto deeds = crew.work(orders({"hang", "hang", "hang", "hang", "a"}), 4);
    CHECK(Clock::now() - began < 1900ms);
    CHECK(deeds[4].outcome == Outcome::guarded);
}

TEST_CASE("who dies has failed, and the others are done") {
    Crew crew(obey, 30s);
    const auto deeds = crew.work(orders({"die", "a", "die", "b"}), 1);
    CHECK(deeds[0].outcome == Outcome::failed);
    CHECK(deeds[0].error == "the process that was to do it died");
    CHECK(deeds[1].outcome == Outcome::guarded);
    CHECK(deeds[2].outcome == Outcome::failed);
    CHECK(deeds[3].outcome == Outcome::guarded);
}

TEST_CASE("a long error is cut") {
    Crew crew(obey, 30s);
    const auto deed = crew.work(orders({"fail"}), 1).front();
    CHECK(deed.outcome == Outcome::failed);
    CHECK(deed.error == std::string(510, 'x'));
}
