// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/serving_threads.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <thread>

namespace tcmud::daemon {

ServingThreads::ServingThreads(std::size_t limit)
    : limit_(limit != 0 ? limit : std::max(1u, std::thread::hardware_concurrency())) {}

serving::Loop& ServingThreads::place(serving::LoopKind kind) {
    Thread* least = nullptr;
    std::size_t of_kind = 0;
    for (auto& thread : threads_) {
        if (thread.loop->kind() != kind) continue;
        ++of_kind;
        if (!least || thread.luns < least->luns) least = &thread;
    }
    if (!least || (least->luns > 0 && of_kind < limit_)) {
        auto name = "serving/" + std::to_string(threads_.size());
        least = &threads_.emplace_back(std::make_unique<serving::Loop>(std::move(name), kind, shared_));
        least->loop->start();
    }
    ++least->luns;
    return *least->loop;
}

void ServingThreads::give_back(const serving::Loop& loop) {
    --threads_[index_of(loop)].luns;
}

std::size_t ServingThreads::index_of(const serving::Loop& loop) const {
    const auto found =
        std::ranges::find(threads_, &loop, [](const Thread& thread) { return thread.loop.get(); });
    assert(found != threads_.end());
    return static_cast<std::size_t>(found - threads_.begin());
}

}  // namespace tcmud::daemon
