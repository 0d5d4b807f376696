// SPDX-License-Identifier: Apache-2.0
// Gives operations back when their time has come. Serving threads have no timers, so this has a thread of its
// own, from the first delay on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "tcmud/io.hpp"

namespace tcmud::fault {

class Delays {
public:
    using Clock = std::chrono::steady_clock;

    // Answers are posted there.
    explicit Delays(IoQueue& queue) : queue_(queue) {}
    Delays(const Delays&) = delete;
    Delays& operator=(const Delays&) = delete;
    // REQUIRES: nothing is delayed.
    ~Delays();

    // The operation is answered (ok) on the serving thread, at that time or a little later.
    void add(IoOperation& operation, Clock::time_point at);
    // All that are delayed are answered now.
    void end_all();
    std::size_t count() const;
    // Takes one that is delayed out, which then is the caller's; nullptr: there is none like it.
    using Wanted = std::function<bool(const IoOperation&)>;
    IoOperation* take(const Wanted& wanted);
    bool has(const Wanted& wanted) const;

private:
    void run();
    // Those that are due at that time; nothing else touches them any more.
    void post_until(Clock::time_point now);

    IoQueue& queue_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_.
    std::multimap<Clock::time_point, IoOperation*> delayed_;
    bool ending_ = false;

    std::thread thread_;
};

}  // namespace tcmud::fault
