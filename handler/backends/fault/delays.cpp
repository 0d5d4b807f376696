// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/fault/delays.hpp"

#include <pthread.h>

#include <algorithm>
#include <cassert>

namespace tcmud::fault {

Delays::~Delays() {
    {
        const std::lock_guard lock(mutex_);
        assert(delayed_.empty());
        ending_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Delays::add(IoOperation& operation, Clock::time_point at) {
    {
        const std::lock_guard lock(mutex_);
        delayed_.emplace(at, &operation);
    }
    if (!thread_.joinable()) {
        thread_ = std::thread([this] { run(); });
        ::pthread_setname_np(thread_.native_handle(), "fault");
    }
    changed_.notify_one();
}

void Delays::end_all() {
    const std::lock_guard lock(mutex_);
    post_until(Clock::time_point::max());
}

std::size_t Delays::count() const {
    const std::lock_guard lock(mutex_);
    return delayed_.size();
}

IoOperation* Delays::take(const Wanted& wanted) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(delayed_, [&](const auto& delayed) { return wanted(*delayed.second); });
    if (found == delayed_.end()) return nullptr;
    auto* operation = found->second;
    delayed_.erase(found);
    return operation;
}

bool Delays::has(const Wanted& wanted) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(delayed_, [&](const auto& delayed) { return wanted(*delayed.second); });
}

void Delays::post_until(Clock::time_point now) {
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
        Completion due(*delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
        queue_.post(std::move(due), {});
    }
}

void Delays::run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        if (delayed_.empty()) {
            changed_.wait(lock);
        } else {
            // A copy: the entry may be gone before the time is.
            const auto next = delayed_.begin()->first;
            changed_.wait_until(lock, next);
        }
        post_until(Clock::now());
    }
}

}  // namespace tcmud::fault
