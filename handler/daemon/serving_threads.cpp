// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/serving_threads.hpp"

#include <sched.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "handler/daemon/log.hpp"
#include "handler/daemon/settings.hpp"

namespace tcmud::daemon {

namespace {

using serving::LoopKind;

// At most 15 characters.
std::string name_of(LoopKind kind, std::size_t number) {
    return fmt::format("{}/{}", kind == LoopKind::inline_calls ? "serving" : "serving-io", number);
}

// On the thread itself. A control group may forbid what the machine has.
void confine(const std::string& name, const CpuList& cpus) {
    if (::sched_setaffinity(0, sizeof cpus.set(), &cpus.set()) == 0) return;
    log::error("{} cannot be confined to CPUs {}: {}; it runs wherever the scheduler puts it", name,
               cpus.text(), std::generic_category().message(errno));
}

}  // namespace

std::size_t most_serving_threads(const Settings& settings) {
    if (settings.serving_threads != 0) return settings.serving_threads;
    if (!settings.serving_cpus.empty()) return settings.serving_cpus.size();
    return std::max(1u, std::thread::hardware_concurrency());
}

Result<void> check_thread(std::optional<std::size_t> wanted, std::size_t most) {
    if (!wanted || *wanted < most) return {};
    return failure(EINVAL, fmt::format("option thread cannot be {}: the serving threads are 0 to {} "
                                       "(serving_threads in tcmud.toml)",
                                       *wanted, most - 1));
}

ServingThreads::ServingThreads(std::size_t limit, std::vector<CpuList> cpus,
                               std::chrono::microseconds busy_wait)
    : limit_(limit), cpus_(std::move(cpus)) {
    assert(limit_ != 0);
    shared_.busy_wait = busy_wait;
}

serving::Loop& ServingThreads::place(LoopKind kind, const ThreadWish& wish) {
    assert(!wish.thread || *wish.thread < limit_);
    if (const auto group = groups_.find(wish.with); group != groups_.end()) {
        ++group->second.luns;
        ++threads_[index_of(*group->second.loop)].luns;
        return *group->second.loop;
    }
    auto* thread = wish.thread ? find(kind, *wish.thread) : &least_used(kind);
    if (!thread) thread = &make(kind, *wish.thread);
    ++thread->luns;
    if (!wish.with.empty()) groups_.emplace(wish.with, Group{thread->loop.get(), 1});
    return *thread->loop;
}

ServingThreads::Thread* ServingThreads::find(LoopKind kind, std::size_t number) {
    const auto found = std::ranges::find_if(threads_, [&](const Thread& thread) {
        return thread.loop->kind() == kind && thread.number == number;
    });
    return found == threads_.end() ? nullptr : &*found;
}

// A new one, as long as there may be more and all have something to do.
ServingThreads::Thread& ServingThreads::least_used(LoopKind kind) {
    Thread* least = nullptr;
    std::optional<std::size_t> missing;
    for (std::size_t number = 0; number < limit_; ++number) {
        auto* const thread = find(kind, number);
        if (!thread) {
            if (!missing) missing = number;
        } else if (!least || thread->luns < least->luns) {
            least = thread;
        }
    }
    return missing && (!least || least->luns != 0) ? make(kind, *missing) : *least;
}

ServingThreads::Thread& ServingThreads::make(LoopKind kind, std::size_t number) {
    const auto name = name_of(kind, number);
    auto loop = std::make_unique<serving::Loop>(name, kind, shared_);
    // Whoever takes the loop over is confined as its thread was.
    if (number < cpus_.size()) loop->post([name, cpus = cpus_[number]] { confine(name, cpus); });
    loop->start();
    return threads_.emplace_back(Thread{std::move(loop), number});
}

void ServingThreads::give_back(const serving::Loop& loop, const std::string& with) {
    --threads_[index_of(loop)].luns;
    if (const auto group = groups_.find(with); group != groups_.end() && --group->second.luns == 0)
        groups_.erase(group);
}

std::size_t ServingThreads::index_of(const serving::Loop& loop) const {
    const auto found =
        std::ranges::find(threads_, &loop, [](const Thread& thread) { return thread.loop.get(); });
    assert(found != threads_.end());
    return static_cast<std::size_t>(found - threads_.begin());
}

ServingThreadReport ServingThreads::report_of(const Thread& thread) const {
    return {thread.loop->name(), thread.number, thread.loop->kind(), thread.luns,
            thread.number < cpus_.size() ? cpus_[thread.number].text() : ""};
}

ServingThreadReport ServingThreads::report(const serving::Loop& loop) const {
    return report_of(threads_[index_of(loop)]);
}

std::vector<ServingThreadReport> ServingThreads::reports() const {
    std::vector<ServingThreadReport> all;
    for (const auto& thread : threads_) all.push_back(report_of(thread));
    return all;
}

}  // namespace tcmud::daemon
