// SPDX-License-Identifier: Apache-2.0
// usage: tcmud-simulation [SEEDS [FIRST]]
// Runs the worlds of so many seeds; a seed in which something goes wrong is printed, and runs the same way
// again.
#include <cstdio>
#include <cstdlib>

#include "tests/simulation/world.hpp"

using namespace tcmud::simulation;

int main(int count, char** arguments) {
    const auto seeds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1000;
    const auto first = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0;
    Machine machine;
    for (auto seed = first; seed < first + seeds; ++seed) {
        try {
            World(machine, seed, Bug::none).run();
        } catch (const std::exception& wrong) {
            std::printf("seed %llu: %s\n", seed, wrong.what());
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
