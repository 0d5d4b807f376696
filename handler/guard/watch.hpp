// SPDX-License-Identifier: Apache-2.0
// For how long tcmud has not served, by the looks that are taken at it. No clock of its own.
#pragma once

#include <chrono>

#include "handler/guard/presence.hpp"

namespace tcmud::guard {

// A tcmud that crashes again and again serves for moments: only who served as long as this without a break is
// back.
inline constexpr std::chrono::seconds steady_service{5};
// What happened between two looks that are further apart was not seen, and does not count.
inline constexpr std::chrono::seconds longest_interval{2};

class Watch {
public:
    using Clock = std::chrono::steady_clock;
    explicit Watch(Clock::duration patience) : patience_(patience) {}
    // As if it looked for the first time.
    void begin_anew() { *this = Watch(patience_); }

    // True: it is time to act, for tcmud does not serve now, and has not come back for the whole of the
    // patience.
    bool look(Presence seen, Clock::time_point now);
    // Since it was last seen to serve steadily, or since the first look.
    Clock::duration unserved() const { return unserved_; }

private:
    Clock::duration patience_;
    Clock::time_point last_look_{};
    Clock::duration served_{};
    bool steady_ = false;  // It has served for long enough, or did when we came.
    Clock::duration unserved_{};
};

}  // namespace tcmud::guard
