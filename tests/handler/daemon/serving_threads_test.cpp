// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/serving_threads.hpp"

#include <set>
#include <thread>

#include <catch2/catch.hpp>

using tcmud::daemon::ServingThreads;
using enum tcmud::serving::LoopKind;

TEST_CASE("serving threads are made when LUNs need them") {
    ServingThreads threads(2);
    CHECK(threads.count() == 0);
    const auto& first = threads.place(inline_calls);
    CHECK(threads.count() == 1);
    const auto& second = threads.place(inline_calls);
    CHECK(threads.count() == 2);
    CHECK(&first != &second);
    CHECK(threads.index_of(first) == 0);
    CHECK(threads.index_of(second) == 1);
}

TEST_CASE("there are never more serving threads than the limit, and LUNs are spread evenly") {
    ServingThreads threads(2);
    std::multiset<std::size_t> places;
    for (int i = 0; i < 6; ++i) places.insert(threads.index_of(threads.place(inline_calls)));
    CHECK(threads.count() == 2);
    CHECK(places.count(0) == 3);
    CHECK(places.count(1) == 3);
}

TEST_CASE("a LUN that is gone leaves its place to the next") {
    ServingThreads threads(2);
    const auto& first = threads.place(inline_calls);
    const auto& second = threads.place(inline_calls);
    threads.give_back(second);
    CHECK(&threads.place(inline_calls) == &second);
    threads.give_back(first);
    CHECK(&threads.place(inline_calls) == &first);
    CHECK(threads.count() == 2);
}

TEST_CASE("a thread without LUNs is used before another is made") {
    ServingThreads threads(4);
    threads.give_back(threads.place(inline_calls));
    threads.place(inline_calls);
    CHECK(threads.count() == 1);
}

TEST_CASE("without a limit there is one thread per CPU at most") {
    ServingThreads threads(0);
    const auto cpus = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < cpus + 1; ++i) threads.place(inline_calls);
    CHECK(threads.count() == cpus);
}
