// SPDX-License-Identifier: Apache-2.0
// Wakes whoever looks after commands that take long, when there may be commands again: a daemon without work
// has no timer that runs.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

namespace tcmud::serving {

class Activity {
public:
    // wake: called on a serving thread, once after each sleep(). Before any loop starts.
    void on_wake(std::function<void()> wake) { wake_ = std::move(wake); }

    // A loop has found something to do. At every wake-up, so it costs a load.
    void note() {
        if (asleep_.load(std::memory_order_relaxed)) [[unlikely]]
            wake();
    }
    // Nobody looks any more. A command that is taken at this very moment may go unnoticed: look once more,
    // after a while.
    void sleep() { asleep_.store(true, std::memory_order_seq_cst); }

private:
    void wake() {
        if (asleep_.exchange(false)) wake_();
    }

    std::atomic<bool> asleep_{false};
    std::function<void()> wake_ = [] {};
};

}  // namespace tcmud::serving
