// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/slow_calls.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cassert>
#include <chrono>
#include <csignal>

#include "handler/serving/lock_memory.hpp"
#include "handler/serving/loop_queue.hpp"

namespace tcmud::serving {

namespace {

constexpr std::chrono::seconds kept_idle{2};

}  // namespace

SlowCalls::~SlowCalls() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return threads_ == 0; });
}

std::size_t SlowCalls::threads() const {
    const std::lock_guard lock(mutex_);
    return threads_;
}

void SlowCalls::start(IoOperation& operation) {
    const std::lock_guard lock(mutex_);
    auto& line = lines_[operation.file->file_system];
    line.waiting.push(operation);
    ++line.queued;
    if (too_few_threads()) {
        ++threads_;
        std::thread([this] { work(); }).detach();
    } else {
        changed_.notify_one();
    }
}

bool SlowCalls::cancel(const IoOperation& operation) {
    const std::lock_guard lock(mutex_);
    auto& line = lines_[operation.file->file_system];
    if (!line.waiting.remove(operation)) return false;
    --line.queued;
    return true;
}

// Operations are given back under the lock.
void SlowCalls::settle() const {
    const std::lock_guard lock(mutex_);
}

pid_t SlowCalls::thread_of(const IoOperation& operation) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(calls_, &operation, [](const auto& call) { return call.first; });
    return found == calls_.end() ? 0 : found->second;
}

// Threads that were made and did not begin yet count as those that are idle.
bool SlowCalls::too_few_threads() const {
    std::size_t startable = 0;
    for (const auto& [file_system, line] : lines_) startable += line.startable();
    return threads_ - running_ < startable && threads_ < most_threads;
}

// Of file systems with the fewest calls first: none waits for the others'.
IoOperation* SlowCalls::next() {
    Line* best = nullptr;
    for (auto& [file_system, line] : lines_) {
        if (line.startable() == 0) continue;
        if (!best || line.running < best->running) best = &line;
    }
    if (!best) return nullptr;
    ++running_;
    ++best->running;
    --best->queued;
    return best->waiting.pop();
}

void SlowCalls::work() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    ::pthread_setname_np(::pthread_self(), "slow-calls");
    lock_own_stack();
    std::unique_lock lock(mutex_);
    for (bool rested = false;;) {
        if (auto* operation = next()) {
            auto* const file_system = operation->file->file_system;
            auto* const home = operation->file->home;
            calls_.emplace_back(operation, ::gettid());
            lock.unlock();
            const long result = call(*operation);
            lock.lock();
            std::erase_if(calls_, [&](const auto& each) { return each.first == operation; });
            --running_;
            --lines_[file_system].running;
            // Under the lock: the queue, which may have it at once and need nothing more, settles before it
            // goes.
            home->give_back(*operation, result);
            rested = false;
            continue;
        }
        if (stopping_ || rested) break;
        rested = changed_.wait_for(lock, kept_idle) == std::cv_status::timeout;
    }
    --threads_;
    changed_.notify_all();
}

}  // namespace tcmud::serving
