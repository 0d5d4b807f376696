// SPDX-License-Identifier: Apache-2.0
// Decides how much the scheduler is to favour a serving thread, by what its wake-ups carry.
//
// On a busy CPU the scheduler lets a thread of nice 0 run after each single command that the initiator
// submits: it sleeps, so it is owed time. A thread of less weight runs after the initiator's whole burst, and
// one wake-up serves all of it. But a lone command that waits for its answer would wait behind everybody
// else's work. So the weight is tried out: all steps, one after another; the one that serves the most
// commands per second is kept while its wake-ups carry several. docs/adr/0009.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tcmud::serving {

// Of one serving thread; time is any monotonic clock's.
class WeightController {
public:
    using Time = std::chrono::nanoseconds;
    // Below 10 nothing changes; 19 is the scheduler's last.
    static constexpr std::array<int, 5> steps{0, 10, 12, 15, 19};
    // Nothing to do for so long: the thread is to be back at nice 0 before the next command.
    static constexpr std::chrono::milliseconds rest{10};

    int nice() const { return steps[step_]; }
    // Commands per second when they were last measured at nice 0.
    double rate_at_rest() const { return rates_[0]; }

    // After each wake-up, with the commands that it carried. True: look() has to see the clock.
    bool woken(std::size_t commands) {
        ++wakeups_;
        commands_ += commands;
        return wakeups_ >= look_after_wakeups_ || commands_ >= look_after_commands_;
    }
    // Returns the nice value from here on.
    int look(Time now);
    // Nothing happened for `rest`.
    int rested(Time now);
    // What look() wanted is not to be had.
    void refused(Time now) { give_up(now); }

private:
    enum class State : std::uint8_t {
        at_rest,  // Step 0, until the next attempt.
        trying,   // Each step for one window.
        settled,  // The best step, as long as it pays.
    };

    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    void begin_window(Time now);
    void begin_window_at_rest(Time now);
    bool measured(Time now) const;
    double rate(Time now) const;
    void look_at_rest(Time now);
    void look_while_trying(Time now);
    void look_while_settled(Time now);
    void try_step(std::size_t step, Time now);
    void pass_over(Time now);
    void settle(Time now);
    void give_up(Time now);

    State state_ = State::at_rest;
    std::size_t step_ = 0;
    std::size_t tried_ = 0;                     // The last step that was measured.
    bool settled_in_ = false;                   // While trying: what went before has no effect any more.
    std::array<double, steps.size()> rates_{};  // Commands per second at each.
    unsigned worse_windows_ = 0;

    Time window_began_{0};
    std::uint64_t wakeups_ = 0;
    std::uint64_t commands_ = 0;
    std::uint64_t wakeups_seen_ = 0;  // While settled: of these at the last look.
    std::uint64_t commands_seen_ = 0;
    // After the first of these.
    std::uint64_t look_after_wakeups_ = never;
    std::uint64_t look_after_commands_ = 1;
    Time looked_{0};  // At rest: when the clock was last seen.

    Time next_attempt_{0};
    Time pause_{0};
};

}  // namespace tcmud::serving
