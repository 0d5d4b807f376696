// SPDX-License-Identifier: Apache-2.0
// Carries out orders that may each block in the kernel for ever: in processes of their own, so that one that
// hangs keeps neither the others nor the end of the guard.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handler/guard/deed.hpp"
#include "handler/guard/file.hpp"

namespace tcmud::guard {

struct Order {
    std::string subject;  // What it is about. While an order hangs, no other of its subject is given.
    std::string text;     // At most longest_order bytes.
};
inline constexpr std::size_t longest_order = 1024;

class Crew {
public:
    using Job = std::function<Deed(std::string_view order)>;

    // job: how an order is carried out.
    explicit Crew(Job job, std::chrono::milliseconds patience = std::chrono::milliseconds(500))
        : job_(std::move(job)), patience_(patience) {}
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    // Has all carried out, so many at a time, and returns what came of each. One that takes longer than the
    // patience is left to itself. A process stays, for the next call. REQUIRES: the caller has one thread.
    std::vector<Deed> work(const std::vector<Order>& orders, std::size_t at_a_time);
    // No process needs to stay.
    void dismiss() { dismiss_all_but(0); }

private:
    struct Worker {
        pid_t process;
        File socket;
        std::optional<std::size_t> order;  // Which of them it carries out.
        std::chrono::steady_clock::time_point since;
    };
    struct Hung {
        pid_t process;
        std::string subject;
    };
    // One call of work().
    class Shift;

    bool hire();
    void dismiss_all_but(std::size_t some);
    void forget_those_that_ended();
    bool hangs(const std::string& subject) const;

    Job job_;
    std::chrono::milliseconds patience_;
    std::vector<Worker> workers_;
    std::vector<Hung> hung_;  // And those that were dismissed, without a subject, until they have ended.
};

}  // namespace tcmud::guard
