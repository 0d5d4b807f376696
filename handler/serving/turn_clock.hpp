// SPDX-License-Identifier: Apache-2.0
// The time of a serving thread's turn: read when somebody asks, and once for all who ask between two points
// of the turn, so that a batch of commands costs one look at the clock where it is taken and one where it is
// answered.
#pragma once

#include <chrono>

namespace tcmud::serving {

class TurnClock {
public:
    using Time = std::chrono::steady_clock::time_point;

    Time now() {
        if (!read_) {
            now_ = std::chrono::steady_clock::now();
            read_ = true;
        }
        return now_;
    }
    // Something that may take time has happened.
    void go_on() { read_ = false; }

private:
    Time now_;
    bool read_ = false;
};

}  // namespace tcmud::serving
