// SPDX-License-Identifier: Apache-2.0
// How long things took: a histogram whose buckets end at powers of two of a microsecond. One thread writes
// it, any reads it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "handler/serving/counter.hpp"

namespace tcmud::serving {

class Latency {
public:
    using Duration = std::chrono::nanoseconds;

    // Bucket n has what took at most 2^n microseconds, and longer than the bucket before; the last one has
    // all that took longer than 33 seconds.
    static constexpr std::size_t buckets = 27;

    static constexpr std::size_t bucket_of(Duration took) {
        // What ends at a bucket's end belongs to it.
        const auto before = static_cast<std::uint64_t>(std::max<Duration::rep>(took.count(), 1) - 1);
        return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(before / 1000)), buckets - 1);
    }

    void record(Duration took) {
        add(counts_[bucket_of(took)], 1);
        add(nanoseconds_, static_cast<std::uint64_t>(std::max<Duration::rep>(took.count(), 0)));
    }

    // Read while it is written: the sum may lack what the counts have, and the other way round.
    struct Snapshot {
        std::array<std::uint64_t, buckets> counts{};
        std::uint64_t nanoseconds = 0;

        std::uint64_t count() const {
            std::uint64_t sum = 0;
            for (const auto each : counts) sum += each;
            return sum;
        }
    };
    Snapshot snapshot() const {
        Snapshot result;
        for (std::size_t i = 0; i < buckets; ++i) result.counts[i] = value(counts_[i]);
        result.nanoseconds = value(nanoseconds_);
        return result;
    }

private:
    std::array<std::atomic<std::uint64_t>, buckets> counts_{};
    std::atomic<std::uint64_t> nanoseconds_{0};
};

static_assert(Latency::bucket_of(Latency::Duration(0)) == 0);
static_assert(Latency::bucket_of(std::chrono::microseconds(1)) == 0);
static_assert(Latency::bucket_of(Latency::Duration(1001)) == 1);
static_assert(Latency::bucket_of(std::chrono::microseconds(1024)) == 10);

}  // namespace tcmud::serving
