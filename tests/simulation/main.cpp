// SPDX-License-Identifier: Apache-2.0
// usage: tcmud-simulation [SEEDS [FIRST]]
//        tcmud-simulation bugs
// Runs the worlds of so many seeds; a seed in which something goes wrong is printed, and goes wrong again
// whenever it is run. With `bugs` one fault after another is planted, and each has to be found.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/world.hpp"

namespace {

using namespace tcmud::simulation;

constexpr unsigned long long seeds_per_bug = 10'000;

// What goes wrong in the world of that seed.
std::optional<std::string> run(Machine& machine, unsigned long long seed, Bug bug) {
    try {
        World(machine, seed, bug).run();
        return std::nullopt;
    } catch (const std::exception& wrong) {
        return wrong.what();
    }
}

int run_seeds(Machine& machine, unsigned long long first, unsigned long long seeds) {
    for (auto seed = first; seed < first + seeds; ++seed) {
        if (const auto wrong = run(machine, seed, Bug::none)) {
            std::printf("seed %llu: %s\n", seed, wrong->c_str());
            return 1;
        }
    }
    const auto& counts = World::counts;
    std::printf("%llu seeds, %zu commands, %zu crashes, %zu resets\n", seeds, counts.commands, counts.crashes,
                counts.resets);
    for (std::size_t i = 0; i < counts.at.size(); ++i) {
        const auto name = tcmud::uio::crash_point_names[i];
        std::printf("  crashes at %-14.*s %zu\n", static_cast<int>(name.size()), name.data(), counts.at[i]);
    }
    return 0;
}

// In a process of its own, because an assertion may be what finds it. 0: found.
int find(Machine& machine, Bug bug) {
    std::printf("%-36s ", name_of(bug));
    std::fflush(stdout);
    const auto child = ::fork();
    if (child == 0) {
        for (unsigned long long seed = 0; seed < seeds_per_bug; ++seed) {
            const auto wrong = run(machine, seed, bug);
            if (!wrong) continue;
            std::printf("seed %llu: %s\n", seed, wrong->c_str());
            std::fflush(stdout);
            ::_exit(1);
        }
        ::_exit(0);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status == 0) {
        std::puts("NOT FOUND");
        return 1;
    }
    if (WIFSIGNALED(status)) std::puts("by an assertion");
    return 0;
}

int find_bugs(Machine& machine) {
    int missed = 0;
    for (std::size_t number = 1; number <= bugs; ++number) missed += find(machine, static_cast<Bug>(number));
    return missed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    Machine machine;
    if (count == 2 && arguments[1] == std::string_view("bugs")) return find_bugs(machine);
    const auto seeds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1000;
    const auto first = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0;
    return run_seeds(machine, first, seeds);
}
