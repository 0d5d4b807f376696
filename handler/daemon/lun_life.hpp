// SPDX-License-Identifier: Apache-2.0
// The life of a LUN, as a table: what may happen in which state.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace tcmud::daemon {

enum class LunState {
    discovered,  // Seen, nothing done yet.
    opening,     // Its backend and its ring are being opened.
    serving,     // Commands are taken and answered.
    blocked,     // Nothing is taken for a moment: its size, backend or ring is being changed.
    waiting,     // Could not be opened; tried again after a while.
    draining,    // Being given up: what was begun is ended first.
    closed,
};

enum class LunEvent {
    open,  // Opening begins.
    opened,
    failed,   // Opening ended with an error.
    refused,  // The kernel was told of that, and forgets the device.
    block,
    unblock,
    lost,     // The ring or the backend cannot be served any more.
    removed,  // The kernel removes the device, or the daemon ends.
    drained,
};

struct LunTransition {
    LunState from;
    LunEvent event;
    LunState to;
};

inline constexpr std::array lun_transitions{
    LunTransition{LunState::discovered, LunEvent::open, LunState::opening},
    LunTransition{LunState::opening, LunEvent::opened, LunState::serving},
    LunTransition{LunState::opening, LunEvent::failed, LunState::waiting},
    LunTransition{LunState::waiting, LunEvent::open, LunState::opening},
    LunTransition{LunState::waiting, LunEvent::refused, LunState::closed},
    LunTransition{LunState::waiting, LunEvent::removed, LunState::draining},
    LunTransition{LunState::serving, LunEvent::block, LunState::blocked},
    LunTransition{LunState::serving, LunEvent::lost, LunState::waiting},
    LunTransition{LunState::serving, LunEvent::removed, LunState::draining},
    LunTransition{LunState::blocked, LunEvent::unblock, LunState::serving},
    LunTransition{LunState::blocked, LunEvent::lost, LunState::waiting},
    LunTransition{LunState::draining, LunEvent::drained, LunState::closed},
};

// nullopt: the event has no meaning in that state.
constexpr std::optional<LunState> next(LunState state, LunEvent event) {
    for (const auto& transition : lun_transitions) {
        if (transition.from == state && transition.event == event) return transition.to;
    }
    return std::nullopt;
}

static_assert(!next(LunState::closed, LunEvent::opened), "a closed LUN is never revived");
static_assert(next(LunState::opening, LunEvent::failed) == LunState::waiting);

constexpr std::string_view name_of(LunState state) {
    switch (state) {
        case LunState::discovered: return "discovered";
        case LunState::opening: return "opening";
        case LunState::serving: return "serving";
        case LunState::blocked: return "blocked";
        case LunState::waiting: return "waiting";
        case LunState::draining: return "draining";
        case LunState::closed: return "closed";
    }
    return "";
}

}  // namespace tcmud::daemon
