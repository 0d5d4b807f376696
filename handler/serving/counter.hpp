// SPDX-License-Identifier: Apache-2.0
// Numbers that one thread counts and any thread reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace tcmud::serving {

// There is one writer: no need for an atomic addition.
inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
inline std::uint64_t value(const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
}

}  // namespace tcmud::serving
