// SPDX-License-Identifier: Apache-2.0
// A drive against a list. TCMUD_TAPE_STEPS: how many commands.
#include <cstdlib>

#include <catch2/catch.hpp>

#include "tests/support/tape_player.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

constexpr std::uint64_t capacity_played = 60'000;

MemoryCartridge small_cartridge() {
    MemoryCartridge made;
    made.capacity = capacity_played;
    made.format({0});
    return made;
}

class MemoryRig : public Tape {
public:
    MemoryRig() : Tape(small_cartridge()) {}
    Answer send(const Bytes& cdb, const Bytes& data, std::uint32_t as) {
        number = as;
        return Tape::send(cdb, data);
    }
    void restart(bool replaying, bool loaded) {
        backend.insert(&cartridge, loaded);
        Tape::restart(replaying);
    }
    void cut_write(std::uint32_t partition, unsigned objects) {
        auto& all = cartridge.partitions[partition].objects;
        all.resize(all.size() - std::min<std::size_t>(objects, all.size()));
    }
};

}  // namespace

TEST_CASE("a drive is a list of blocks and filemarks, whatever becomes of its daemons") {
    const auto* wanted = std::getenv("TCMUD_TAPE_STEPS");
    const unsigned long steps = wanted ? std::strtoul(wanted, nullptr, 10) : 100'000;
    constexpr unsigned long steps_per_seed = 2'000;
    for (unsigned seed = 0; seed < steps / steps_per_seed; ++seed) {
        INFO("seed " << seed);
        MemoryRig rig;
        TapePlayer player(seed, rig, capacity_played);
        for (unsigned long i = 0; i < steps_per_seed; ++i) player.step();
    }
}
