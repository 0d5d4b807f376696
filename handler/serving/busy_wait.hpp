// SPDX-License-Identifier: Apache-2.0
// Decides whether a serving thread looks at its rings for a while before it sleeps.
//
// Where the next command comes soon, and the initiator has a CPU of its own, that saves a wake-up. Where it
// does not, it burns the CPU. So it is tried, and after a few times in vain it is left for a number of sleeps
// that doubles: a slow LUN costs next to nothing, an idle one, whose thread sleeps, nothing.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tcmud::serving {

class BusyWait {
public:
    // at_most: for so long before each sleep; 0: never.
    explicit BusyWait(std::chrono::microseconds at_most) : at_most_(at_most) {}

    bool enabled() const { return at_most_.count() != 0; }
    std::chrono::microseconds at_most() const { return at_most_; }

    // Before a sleep: whether to look first.
    bool worthwhile() {
        if (!enabled()) return false;
        if (sleeps_ == 0) return true;
        --sleeps_;
        return false;
    }
    // How looking ended.
    void found() {
        in_vain_ = 0;
        pause_ = shortest_pause;
    }
    void in_vain() {
        if (++in_vain_ < tries) return;
        // The next attempt is a single one, unless it finds something.
        in_vain_ = tries - 1;
        sleeps_ = pause_;
        pause_ = std::min(2 * pause_, longest_pause);
    }

    static constexpr unsigned tries = 4;
    // In sleeps.
    static constexpr std::uint32_t shortest_pause = 32;
    static constexpr std::uint32_t longest_pause = 4096;

private:
    std::chrono::microseconds at_most_;
    unsigned in_vain_ = 0;
    std::uint32_t sleeps_ = 0;  // That are left to do without.
    std::uint32_t pause_ = shortest_pause;
};

}  // namespace tcmud::serving
