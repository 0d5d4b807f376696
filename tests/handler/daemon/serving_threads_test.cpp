// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/serving_threads.hpp"

#include <algorithm>
#include <future>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include "handler/daemon/settings.hpp"

using namespace tcmud::daemon;
using enum tcmud::serving::LoopKind;

namespace {

std::size_t number_of(const ServingThreads& threads, const tcmud::serving::Loop& loop) {
    return threads.report(loop).number;
}

// Where the loop's thread may run.
cpu_set_t cpus_of(tcmud::serving::Loop& loop) {
    std::promise<cpu_set_t> told;
    loop.post([&told] {
        cpu_set_t set;
        ::sched_getaffinity(0, sizeof set, &set);
        told.set_value(set);
    });
    return told.get_future().get();
}

}  // namespace

TEST_CASE("serving threads are made when LUNs need them") {
    ServingThreads threads(2);
    CHECK(threads.count() == 0);
    const auto& first = threads.place(inline_calls);
    CHECK(threads.count() == 1);
    const auto& second = threads.place(inline_calls);
    CHECK(threads.count() == 2);
    CHECK(&first != &second);
    CHECK(number_of(threads, first) == 0);
    CHECK(number_of(threads, second) == 1);
}

TEST_CASE("there are never more serving threads than the limit, and LUNs are spread evenly") {
    ServingThreads threads(2);
    std::multiset<std::size_t> places;
    for (int i = 0; i < 6; ++i) places.insert(number_of(threads, threads.place(inline_calls)));
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

TEST_CASE("each kind has its own threads, with numbers and names of their own") {
    ServingThreads threads(2);
    const auto& calls = threads.place(inline_calls);
    const auto& ring = threads.place(io_uring);
    CHECK(number_of(threads, calls) == 0);
    CHECK(number_of(threads, ring) == 0);
    CHECK(threads.report(calls).name == "serving/0");
    CHECK(threads.report(ring).name == "serving-io/0");
}

TEST_CASE("a LUN gets the thread that it asks for, whatever else there is") {
    ServingThreads threads(4);
    const auto& wanted = threads.place(inline_calls, {2});
    CHECK(number_of(threads, wanted) == 2);
    CHECK(&threads.place(inline_calls, {2}) == &wanted);
    CHECK(threads.report(wanted).luns == 2);
    CHECK(threads.count() == 1);
    // Those that don't ask fill up the others.
    std::set<std::size_t> others;
    for (int i = 0; i < 3; ++i) others.insert(number_of(threads, threads.place(inline_calls)));
    CHECK(others == std::set<std::size_t>{0, 1, 3});
    CHECK(number_of(threads, threads.place(io_uring, {2})) == 2);
}

TEST_CASE("without a number there is a thread for each entry of serving_cpus, or one per CPU, at most") {
    Settings settings;
    CHECK(most_serving_threads(settings) == std::max(1u, std::thread::hardware_concurrency()));
    settings.serving_cpus.assign(3, *CpuList::parse("0"));
    CHECK(most_serving_threads(settings) == 3);
    settings.serving_threads = 5;
    CHECK(most_serving_threads(settings) == 5);
}

TEST_CASE("a LUN that asks for a thread beyond the limit is refused, with the numbers that there are") {
    CHECK(check_thread(std::nullopt, 1));
    CHECK(check_thread(1, 2));
    const auto refused = check_thread(2, 2);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().number == EINVAL);
    CHECK(refused.error().text ==
          "option thread cannot be 2: the serving threads are 0 to 1 (serving_threads in tcmud.toml)");
}

TEST_CASE("a thread runs on the CPUs that its number says, others anywhere") {
    cpu_set_t ours;
    REQUIRE(::sched_getaffinity(0, sizeof ours, &ours) == 0);
    unsigned first = 0;
    while (CPU_ISSET(first, &ours) == 0) ++first;
    const auto one = *CpuList::parse(std::to_string(first));
    ServingThreads threads(2, {one});
    for (const auto kind : {inline_calls, io_uring}) {
        const auto confined = cpus_of(threads.place(kind, {0}));
        CHECK(CPU_EQUAL(&confined, &one.set()));
        const auto free = cpus_of(threads.place(kind, {1}));
        CHECK(CPU_EQUAL(&free, &ours));
    }
    const auto reports = threads.reports();
    REQUIRE(reports.size() == 4);
    CHECK(reports[0].cpus == one.text());
    CHECK(reports[1].cpus.empty());
}

TEST_CASE("LUNs that belong together share a thread, as long as one of them is there") {
    ServingThreads threads(4);
    const auto& library = threads.place(inline_calls, {{}, "/srv/vtl"});
    CHECK(&threads.place(inline_calls) != &library);
    CHECK(&threads.place(inline_calls, {{}, "/srv/vtl"}) == &library);
    CHECK(&threads.place(inline_calls, {{}, "/srv/other"}) != &library);
    threads.give_back(library, "/srv/vtl");
    threads.give_back(library, "/srv/vtl");
    CHECK(threads.report(library).luns == 0);
    CHECK(&threads.place(inline_calls, {3, "/srv/vtl"}) != &library);
}
