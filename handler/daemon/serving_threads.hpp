// SPDX-License-Identifier: Apache-2.0
// The serving threads: made when LUNs need them, never more than the limit. Control thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handler/daemon/cpu_list.hpp"
#include "handler/serving/loop.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

struct Settings;

// What is told of a serving thread.
struct ServingThreadReport {
    std::string name;        // As ps shows it.
    std::size_t number = 0;  // Among those of its kind: of `thread=`.
    serving::LoopKind kind{};
    std::size_t luns = 0;
    std::string cpus;  // That it is confined to; empty: none in particular.
};

// How many threads of each kind the settings allow.
std::size_t most_serving_threads(const Settings& settings);
// On ok, a LUN may ask for this thread.
Result<void> check_thread(std::optional<std::size_t> wanted, std::size_t most);

// Where a LUN wants to be.
struct ThreadWish {
    std::optional<std::size_t> thread{};  // By its number. REQUIRES: below the limit.
    std::string with{};                   // LUNs with the same word share a thread; empty: whoever is there.
};

class ServingThreads {
public:
    // limit: of threads of each kind, at least 1. cpus: what thread n of either kind is confined to; those
    // beyond the list are not.
    // busy_wait: how long each may look at its rings before it sleeps.
    explicit ServingThreads(std::size_t limit, std::vector<CpuList> cpus = {},
                            std::chrono::microseconds busy_wait = {});

    const serving::Shared& shared() const { return shared_; }
    serving::Activity& activity() { return shared_.activity; }

    // The thread that a further LUN goes to, of the kind that its files need; counts it there until it is
    // given back. Who is `with` others goes where they are.
    serving::Loop& place(serving::LoopKind kind, const ThreadWish& wish = {});
    void give_back(const serving::Loop& loop, const std::string& with = {});

    std::size_t count() const { return threads_.size(); }
    ServingThreadReport report(const serving::Loop& loop) const;
    std::vector<ServingThreadReport> reports() const;

private:
    struct Thread {
        std::unique_ptr<serving::Loop> loop;
        std::size_t number;
        std::size_t luns = 0;
    };
    Thread* find(serving::LoopKind kind, std::size_t number);
    Thread& least_used(serving::LoopKind kind);
    Thread& make(serving::LoopKind kind, std::size_t number);
    std::size_t index_of(const serving::Loop& loop) const;
    ServingThreadReport report_of(const Thread& thread) const;

    serving::Shared shared_;
    std::size_t limit_;
    std::vector<CpuList> cpus_;
    std::vector<Thread> threads_;
    struct Group {
        serving::Loop* loop;
        std::size_t luns;
    };
    std::map<std::string, Group> groups_;
};

}  // namespace tcmud::daemon
