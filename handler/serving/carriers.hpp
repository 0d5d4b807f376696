// SPDX-License-Identifier: Apache-2.0
// The threads that carry serving loops, and the watcher that gives a loop to another thread when its own is
// held in the kernel: a write into a frozen file system must not keep the other LUNs of the loop from theirs.
//
// The watcher takes a call that it has seen twice, a millisecond apart, and whose thread sleeps in the
// kernel. A thread that merely waits for the CPU keeps its loop. The thread that comes back too late hands
// its one operation over and becomes a spare.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "handler/serving/ownership.hpp"

namespace tcmud::serving {

class FileSystem;

// What Carriers needs to know of a loop.
class Carried {
public:
    virtual ~Carried() = default;
    // Runs on a carrier until the loop ends (true) or has been taken from it (false).
    virtual bool carry() = 0;
    // nullptr: its thread is never held, and it is never taken.
    virtual Ownership* ownership() = 0;
    virtual FileSystem* called() const = 0;
    virtual const std::string& name() const = 0;
};

class Carriers {
public:
    // Threads that wait ready to take over, and how many may be held in the kernel at a time. Beyond that a
    // loop waits for its thread.
    static constexpr std::size_t spares = 1;
    static constexpr std::size_t most_held = 16;

    Carriers() = default;
    Carriers(const Carriers&) = delete;
    Carriers& operator=(const Carriers&) = delete;
    // REQUIRES: every loop has ended.
    ~Carriers();

    // The loop runs on a thread of its own from here on.
    void start(Carried& loop);
    // The loop's thread now; 0: it has none.
    pid_t thread_of(const Carried& loop) const;
    // Waits until the loop has ended; the loop was told to.
    void wait_for(const Carried& loop);

    // A loop is inside of a call: whoever watches is awake. On every inline call, so it costs a load.
    void watch() {
        if (asleep_.load(std::memory_order_seq_cst)) wake_watcher();
    }

    // Loops that were taken so far, and threads that are held now.
    std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }
    std::size_t held() const { return held_.load(std::memory_order_relaxed); }

private:
    struct Carrier {
        std::thread thread;
        pid_t id = 0;
        Carried* loop = nullptr;  // What it is to carry, or carries.
        bool held = false;        // Its loop was taken, and its call has not returned.
        bool ended = false;
        bool waits() const { return !loop && !held && !ended; }
    };
    struct Watched {
        Carried* loop;
        Ownership::Word seen = 0;
    };

    // The lock is held.
    Carrier& add_carrier(Carried* loop);
    Carrier* spare();
    void keep_spares();
    std::size_t idle() const;
    void join_ended();

    void run(Carrier& carrier);
    void run_watcher();
    bool look_at_all();
    void take(Watched& watched, Ownership::Word seen);
    void wake_watcher();

    // The process's; another than the usual one is the administrator's choice for all of us.
    const int policy_ = ::sched_getscheduler(0);
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<Carrier>> carriers_;
    std::vector<Watched> watched_;
    bool stopping_ = false;

    std::thread watcher_;
    std::atomic<bool> asleep_{false};
    std::atomic<std::size_t> taken_{0};
    std::atomic<std::size_t> held_{0};
};

}  // namespace tcmud::serving
