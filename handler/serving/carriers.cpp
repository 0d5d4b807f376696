// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/carriers.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <csignal>
#include <string>
#include <string_view>

#include "handler/serving/file_systems.hpp"
#include "handler/serving/lock_memory.hpp"

namespace tcmud::serving {

namespace {

using namespace std::chrono_literals;

// How often the watcher looks while calls are made, and when it sees one.
constexpr auto usual_interval = 4ms;
constexpr auto suspicious_interval = 1ms;
// After so many looks without a call it sleeps until the next one.
constexpr unsigned quiet_looks = 25;

void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

void set_policy(int policy) {
    const sched_param none{};
    ::sched_setscheduler(0, policy, &none);
}

// Whether a thread of ours sleeps in the kernel: D or S in the third field of its stat. R is merely off the
// CPU.
bool sleeps(Ownership::Owner thread) {
    const auto path = "/proc/self/task/" + std::to_string(thread) + "/stat";
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    std::array<char, 128> text;
    const auto length = ::read(fd, text.data(), text.size());
    ::close(fd);
    if (length <= 0) return false;
    const std::string_view line(text.data(), static_cast<std::size_t>(length));
    // The name, in parentheses, may hold anything but ends at the last one.
    const auto state = line.rfind(") ");
    return state != std::string_view::npos && state + 2 < line.size() &&
           (line[state + 2] == 'D' || line[state + 2] == 'S');
}

}  // namespace

Carriers::~Carriers() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        asleep_ = false;
    }
    changed_.notify_all();
    if (watcher_.joinable()) watcher_.join();
    for (auto& carrier : carriers_) carrier->thread.join();
}

void Carriers::start(Carried& loop) {
    const std::lock_guard lock(mutex_);
    join_ended();
    if (loop.ownership()) {
        watched_.push_back({&loop});
        if (!watcher_.joinable()) watcher_ = std::thread([this] { run_watcher(); });
    }
    add_carrier(&loop);
    keep_spares();
}

pid_t Carriers::thread_of(const Carried& loop) const {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(carriers_, [&](const auto& carrier) { return carrier->loop == &loop; });
    return found == carriers_.end() ? 0 : (*found)->id;
}

void Carriers::wait_for(const Carried& loop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
        return std::ranges::none_of(carriers_, [&](const auto& carrier) { return carrier->loop == &loop; });
    });
    std::erase_if(watched_, [&](const Watched& watched) { return watched.loop == &loop; });
    keep_spares();
}

Carriers::Carrier& Carriers::add_carrier(Carried* loop) {
    auto& carrier = *carriers_.emplace_back(std::make_unique<Carrier>());
    carrier.loop = loop;
    carrier.thread = std::thread([this, &carrier] { run(carrier); });
    return carrier;
}

// As many as are wanted while there are loops that may be taken, none otherwise.
void Carriers::keep_spares() {
    if (!watched_.empty() && idle() < spares) add_carrier(nullptr);
    changed_.notify_all();
}

std::size_t Carriers::idle() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(carriers_, [](const auto& carrier) { return carrier->waits(); }));
}

Carriers::Carrier* Carriers::spare() {
    const auto found = std::ranges::find_if(
        carriers_, [](const auto& carrier) { return carrier->waits() && carrier->id != 0; });
    return found == carriers_.end() ? nullptr : found->get();
}

void Carriers::join_ended() {
    std::erase_if(carriers_, [](const auto& carrier) {
        if (carrier->ended) carrier->thread.join();
        return carrier->ended;
    });
}

void Carriers::run(Carrier& carrier) {
    block_signals();
    if (policy_ == SCHED_OTHER) set_policy(policy_);  // The watcher makes threads too.
    lock_own_stack();
    std::unique_lock lock(mutex_);
    carrier.id = ::gettid();
    if (carrier.loop && carrier.loop->ownership())
        carrier.loop->ownership()->begin(static_cast<Ownership::Owner>(carrier.id));
    while (!stopping_) {
        if (auto* loop = carrier.loop) {
            ::pthread_setname_np(::pthread_self(), loop->name().c_str());
            lock.unlock();
            const bool kept = loop->carry();
            lock.lock();
            if (kept) {
                carrier.loop = nullptr;
            } else {
                carrier.held = false;
                --held_;
                // The weight that the loop had has gone with it.
                ::setpriority(PRIO_PROCESS, 0, 0);
            }
            changed_.notify_all();
            continue;
        }
        ::pthread_setname_np(::pthread_self(), "spare");
        if (idle() > spares || watched_.empty()) break;
        changed_.wait(lock);
    }
    carrier.ended = true;
}

void Carriers::wake_watcher() {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
    changed_.notify_all();
}

void Carriers::run_watcher() {
    block_signals();
    lock_own_stack();
    ::pthread_setname_np(::pthread_self(), "watcher");
    // It runs when others sleep, and interrupts nobody: by its looks hundreds of lone writes a second would
    // lose the CPU in the middle, to whoever burns it. See sched(7).
    if (policy_ == SCHED_OTHER) set_policy(SCHED_BATCH);
    std::unique_lock lock(mutex_);
    for (unsigned quiet = 0; !stopping_;) {
        const bool calls = look_at_all();
        quiet = calls ? 0 : quiet + 1;
        if (quiet == quiet_looks) {
            asleep_.store(true, std::memory_order_seq_cst);
            // A call that began before it could see that.
            if (look_at_all()) asleep_ = false;
            changed_.wait(lock, [this] { return !asleep_ || stopping_; });
            quiet = 0;
        }
        lock.unlock();
        std::this_thread::sleep_for(calls ? suspicious_interval : usual_interval);
        lock.lock();
    }
}

// True: a loop is inside of a call.
bool Carriers::look_at_all() {
    bool calls = false;
    for (auto& watched : watched_) {
        const auto seen = watched.loop->ownership()->look();
        if (!Ownership::in_call(seen)) continue;
        calls = true;
        if (seen == watched.seen && sleeps(Ownership::owner_of(seen))) take(watched, seen);
        watched.seen = seen;
    }
    return calls;
}

void Carriers::take(Watched& watched, Ownership::Word seen) {
    auto* const next = spare();
    if (!next || held_ == most_held) return;
    auto* const file_system = watched.loop->called();
    // Before the loop is taken: its late thread takes it back however early it comes.
    file_system->stick();
    if (!watched.loop->ownership()->take(seen, static_cast<Ownership::Owner>(next->id)))
        return file_system->unstick();
    ++taken_;
    ++held_;
    next->loop = watched.loop;
    for (auto& carrier : carriers_) {
        if (carrier.get() == next || carrier->loop != watched.loop) continue;
        carrier->loop = nullptr;
        carrier->held = true;
    }
    // It runs where its predecessor did.
    cpu_set_t cpus;
    if (::sched_getaffinity(static_cast<pid_t>(Ownership::owner_of(seen)), sizeof cpus, &cpus) == 0)
        ::sched_setaffinity(next->id, sizeof cpus, &cpus);
    keep_spares();
}

}  // namespace tcmud::serving
