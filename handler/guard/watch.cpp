// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/watch.hpp"

#include <algorithm>

namespace tcmud::guard {

bool Watch::look(Presence seen, Clock::time_point now) {
    const bool serving = seen == Presence::serving;
    const bool first = last_look_ == Clock::time_point{};
    const auto passed =
        first ? Clock::duration{} : std::min<Clock::duration>(now - last_look_, longest_interval);
    last_look_ = now;
    served_ = serving ? served_ + passed : Clock::duration{};
    // With less patience than that a crash loop is no longer than an absence.
    const auto enough = std::min<Clock::duration>(steady_service, patience_);
    steady_ = serving && (first || steady_ || served_ >= enough);
    unserved_ = steady_ ? Clock::duration{} : unserved_ + passed;
    return !serving && unserved_ >= patience_;
}

}  // namespace tcmud::guard
