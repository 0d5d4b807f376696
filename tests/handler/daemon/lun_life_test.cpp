// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/lun_life.hpp"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace tcmud::daemon;

namespace {

constexpr std::array states{LunState::discovered, LunState::opening,  LunState::serving, LunState::blocked,
                            LunState::waiting,    LunState::draining, LunState::closed};
constexpr std::array events{LunEvent::open,    LunEvent::opened,  LunEvent::failed,
                            LunEvent::refused, LunEvent::block,   LunEvent::unblock,
                            LunEvent::lost,    LunEvent::removed, LunEvent::drained};

// The state after these events; nothing if one of them did not apply.
std::optional<LunState> lived(const std::vector<LunEvent>& life) {
    std::optional<LunState> state = LunState::discovered;
    for (const auto event : life) {
        state = next(*state, event);
        if (!state) return std::nullopt;
    }
    return state;
}

}  // namespace

TEST_CASE("a LUN is opened, served, drained and closed") {
    CHECK(lived({LunEvent::open}) == LunState::opening);
    CHECK(lived({LunEvent::open, LunEvent::opened}) == LunState::serving);
    CHECK(lived({LunEvent::open, LunEvent::opened, LunEvent::removed}) == LunState::draining);
    CHECK(lived({LunEvent::open, LunEvent::opened, LunEvent::removed, LunEvent::drained}) ==
          LunState::closed);
}

TEST_CASE("a LUN that could not be opened is tried again") {
    CHECK(lived({LunEvent::open, LunEvent::failed}) == LunState::waiting);
    CHECK(lived({LunEvent::open, LunEvent::failed, LunEvent::open, LunEvent::opened}) == LunState::serving);
    CHECK(lived({LunEvent::open, LunEvent::failed, LunEvent::refused}) == LunState::closed);
    CHECK(lived({LunEvent::open, LunEvent::failed, LunEvent::removed}) == LunState::draining);
}

TEST_CASE("a LUN that is blocked is served again or given up for lost, never blocked twice") {
    CHECK(lived({LunEvent::open, LunEvent::opened, LunEvent::block}) == LunState::blocked);
    CHECK(lived({LunEvent::open, LunEvent::opened, LunEvent::block, LunEvent::unblock}) == LunState::serving);
    CHECK(lived({LunEvent::open, LunEvent::opened, LunEvent::block, LunEvent::lost}) == LunState::waiting);
    CHECK_FALSE(next(LunState::blocked, LunEvent::block));
    CHECK_FALSE(next(LunState::serving, LunEvent::unblock));
}

TEST_CASE("a closed LUN knows no event") {
    for (const auto event : events) CHECK_FALSE(next(LunState::closed, event));
}

TEST_CASE("no state has two answers to an event") {
    std::set<std::pair<LunState, LunEvent>> seen;
    for (const auto& transition : lun_transitions)
        CHECK(seen.emplace(transition.from, transition.event).second);
}

TEST_CASE("every state can be reached, and every state leads to the end") {
    std::set<LunState> reached{LunState::discovered};
    std::set<LunState> ending{LunState::closed};
    for (std::size_t round = 0; round < states.size(); ++round) {
        for (const auto& transition : lun_transitions) {
            if (reached.contains(transition.from)) reached.insert(transition.to);
            if (ending.contains(transition.to)) ending.insert(transition.from);
        }
    }
    CHECK(reached.size() == states.size());
    CHECK(ending.size() == states.size());
}

TEST_CASE("each state has a name of its own") {
    std::set<std::string> names;
    for (const auto state : states) names.emplace(name_of(state));
    CHECK(names.size() == states.size());
    CHECK_FALSE(names.contains(""));
}
