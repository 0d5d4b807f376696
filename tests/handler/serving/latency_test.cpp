// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/latency.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using tcmud::serving::Latency;

TEST_CASE("a latency is counted where its bucket ends at it or next above it") {
    CHECK(Latency::bucket_of(0ns) == 0);
    CHECK(Latency::bucket_of(1us) == 0);
    CHECK(Latency::bucket_of(1001ns) == 1);
    CHECK(Latency::bucket_of(2us) == 1);
    CHECK(Latency::bucket_of(2001ns) == 2);
    CHECK(Latency::bucket_of(1024us) == 10);
    CHECK(Latency::bucket_of(33s) == 25);
    CHECK(Latency::bucket_of(34s) == Latency::buckets - 1);
    CHECK(Latency::bucket_of(24h) == Latency::buckets - 1);
}

TEST_CASE("a clock that goes backwards counts as no time at all") {
    Latency latency;
    latency.record(-5us);
    CHECK(latency.snapshot().counts[0] == 1);
    CHECK(latency.snapshot().nanoseconds == 0);
}

TEST_CASE("a histogram has the number and the sum of what was recorded") {
    Latency latency;
    CHECK(latency.snapshot().count() == 0);
    latency.record(3us);
    latency.record(4us);
    latency.record(5us);
    const auto now = latency.snapshot();
    CHECK(now.count() == 3);
    CHECK(now.nanoseconds == 12'000);
    CHECK(now.counts[2] == 2);
    CHECK(now.counts[3] == 1);
}
