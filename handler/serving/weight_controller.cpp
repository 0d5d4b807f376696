// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/weight_controller.hpp"

#include <algorithm>
#include <utility>

namespace tcmud::serving {

namespace {

using namespace std::chrono_literals;

// A rate is measured for so long, and until so many commands were served: of large blocks a few tens come in
// the shortest time, in a handful of wake-ups, and the steps' rates could not be told apart. But not for
// ever.
constexpr auto window = 20ms;
constexpr auto longest_window = 100ms;
constexpr std::uint64_t commands_measured = 128;
constexpr double worthwhile_rate = 1000;  // Commands per second; below, nothing is gained.
// At rest the clock is seen so often. By commands, not by wake-ups: these may carry many without any help.
constexpr std::uint64_t commands_at_rest = 8;
constexpr std::uint64_t wakeups_settled = 8;
// What the thread is owed from before makes it run early for a millisecond or two; then a step that makes
// lone commands wait is left as soon as a few wake-ups have shown that.
constexpr auto settling_in = 2ms;
constexpr std::uint64_t wakeups_tried = 4;
constexpr auto shortest_pause = 100ms;
constexpr auto longest_pause = 1000ms;
// A lighter weight must serve so many times as much as a heavier one to be preferred.
constexpr double gain = 1.02;
// What a step may fall behind the best before heavier ones are worth no look.
constexpr double hopeless = 0.7;
// What a settled step may fall behind itself: the load has changed, or somebody else wants the CPU.
constexpr double still_good = 0.8;

// Whether wake-ups carry more than one command as a rule.
bool several(std::uint64_t commands, std::uint64_t wakeups) {
    return 2 * commands >= 3 * wakeups;
}

}  // namespace

void WeightController::begin_window(Time now) {
    window_began_ = now;
    wakeups_ = commands_ = 0;
    wakeups_seen_ = commands_seen_ = 0;
    look_after_commands_ = never;
}

bool WeightController::measured(Time now) const {
    const auto age = now - window_began_;
    return age >= window && (commands_ >= commands_measured || age >= longest_window);
}

double WeightController::rate(Time now) const {
    const auto seconds = std::chrono::duration<double>(now - window_began_).count();
    return seconds > 0 ? static_cast<double>(commands_) / seconds : 0;
}

int WeightController::look(Time now) {
    switch (state_) {
        case State::at_rest: look_at_rest(now); break;
        case State::trying: look_while_trying(now); break;
        case State::settled: look_while_settled(now); break;
    }
    return nice();
}

void WeightController::look_at_rest(Time now) {
    const bool rested = now - std::exchange(looked_, now) > rest;
    // What was served before a rest says nothing of what is served without one.
    if (rested) return begin_window_at_rest(now);
    look_after_commands_ = commands_ + commands_at_rest;
    if (!measured(now)) return;
    rates_[0] = rate(now);
    begin_window_at_rest(now);
    if (rates_[0] >= worthwhile_rate && now >= next_attempt_) try_step(1, now);
}

void WeightController::begin_window_at_rest(Time now) {
    begin_window(now);
    looked_ = now;
    look_after_wakeups_ = never;
    look_after_commands_ = commands_at_rest;
}

void WeightController::try_step(std::size_t step, Time now) {
    state_ = State::trying;
    step_ = tried_ = step;
    settled_in_ = false;
    begin_window(now);
    look_after_wakeups_ = 1;
}

void WeightController::look_while_trying(Time now) {
    const auto age = now - window_began_;
    if (!settled_in_ && age >= settling_in) {
        settled_in_ = true;
        begin_window(now);
    }
    look_after_wakeups_ = wakeups_ + 1;
    if (!settled_in_) return;
    if (wakeups_ >= wakeups_tried && !several(commands_, wakeups_)) return pass_over(now);
    if (now - window_began_ < window) return;
    rates_[step_] = rate(now);
    const auto best = *std::max_element(rates_.begin(), rates_.begin() + static_cast<std::ptrdiff_t>(step_));
    if (rates_[step_] < hopeless * best) return settle(now);
    if (!measured(now)) return;
    if (step_ + 1 == steps.size()) return settle(now);
    try_step(step_ + 1, now);
}

// Commands that come one by one at this step, as they did before, may not at a heavier one; but where they
// have to wait, they are not to be made to wait more.
void WeightController::pass_over(Time now) {
    const bool in_vain = rate(now) < still_good * rates_[0];
    rates_[step_] = 0;
    if (in_vain || step_ + 1 == steps.size()) return settle(now);
    try_step(step_ + 1, now);
}

void WeightController::settle(Time now) {
    std::size_t best = 0;
    for (std::size_t step = 1; step <= tried_; ++step) {
        if (rates_[step] > gain * rates_[best]) best = step;
    }
    if (best == 0) return give_up(now);
    state_ = State::settled;
    step_ = best;
    pause_ = Time{0};
    worse_windows_ = 0;
    begin_window(now);
    look_after_wakeups_ = wakeups_settled;
}

void WeightController::give_up(Time now) {
    state_ = State::at_rest;
    step_ = 0;
    pause_ = std::clamp<Time>(2 * pause_, shortest_pause, longest_pause);
    next_attempt_ = now + pause_;
    begin_window_at_rest(now);
}

void WeightController::look_while_settled(Time now) {
    const auto recent_commands = commands_ - std::exchange(commands_seen_, commands_);
    const auto recent_wakeups = wakeups_ - std::exchange(wakeups_seen_, wakeups_);
    if (!several(recent_commands, recent_wakeups)) return give_up(now);
    look_after_wakeups_ = wakeups_ + wakeups_settled;
    if (now - window_began_ < window) return;
    worse_windows_ = rate(now) < still_good * rates_[step_] ? worse_windows_ + 1 : 0;
    if (worse_windows_ == 2) return give_up(now);
    begin_window(now);
    look_after_wakeups_ = wakeups_settled;
}

int WeightController::rested(Time now) {
    if (state_ != State::at_rest) {
        give_up(now);
        // Not the step's fault.
        pause_ = Time{0};
        next_attempt_ = now;
    }
    return nice();
}

}  // namespace tcmud::serving
