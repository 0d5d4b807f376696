// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/serving_threads.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <thread>

namespace tcmud::daemon {

ServingThreads::ServingThreads(std::size_t limit)
    : limit_(limit != 0 ? limit : std::max(1u, std::thread::hardware_concurrency())) {}

serving::Loop& ServingThreads::place() {
    auto least = std::ranges::min_element(threads_, {}, &Thread::luns);
    if (least == threads_.end() || (least->luns > 0 && threads_.size() < limit_)) {
        threads_.push_back(
            {std::make_unique<serving::Loop>("serving/" + std::to_string(threads_.size()), shared_), 0});
        least = std::prev(threads_.end());
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
