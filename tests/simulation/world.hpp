// SPDX-License-Identifier: Apache-2.0
// A LUN from initiator to medium, without threads and without chance: ring, session, disk and journal are the
// real ones, everything around them is the simulation's and follows from a seed.
//
// A process is killed by taking a picture of all that outlives it (ring, data area, journal, medium) at a
// crash point. It then runs to its end, so that nothing leaks; what it did since is undone by putting the
// picture back.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "handler/devices/block/block_device.hpp"
#include "handler/serving/session.hpp"
#include "tests/handler/serving/support.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/initiator.hpp"
#include "uio/crash_point.hpp"

namespace tcmud::simulation {

// A fault that is planted, to see whether it is found.
enum class Bug {
    none,
    tail_lost,          // The tail steps back before what was published.
    ids_swapped,        // An answer goes to another command.
    matched_not_noted,  // COMPARE AND WRITE compares again after a crash.
    done_not_noted,     // A write is repeated after somebody has replaced it.
    late_write,         // An aborted write reaches the medium after its answer.
    entry_not_saved,    // The journal has an older entry of that id.
    move_forgotten,     // No slot stands for the command that lost its own.
    mark_forgotten,     // A successor does not know that a command was taken, and begins behind it.
    sense_forgotten,    // Sense data that was on its way is lost.
    answer_unmarked,    // An answered slot looks as if its command were being executed.
};
inline constexpr std::size_t bugs = 10;
const char* name_of(Bug bug);

// What worlds of one program share, because it is expensive.
struct Machine {
    Machine();
    ~Machine();
    serving::Shared shared;
    serving::Loop loop;
    std::byte* journal;
    int doorbell[2];
};

class World {
public:
    World(Machine& machine, std::uint64_t seed, Bug bug);
    ~World();
    // Throws Wrong.
    void run();

    struct Counts {
        std::size_t commands = 0, crashes = 0, resets = 0;
        std::array<std::size_t, uio::crash_point_names.size()> at{};
    };
    static Counts counts;

private:
    struct Process {
        Process(World& world);
        PendingDisk disk;
        test::LonelyHost host;
        devices::BlockDevice device;
        serving::Session session;
    };
    struct Picture {
        std::vector<std::byte> ring, journal, medium;
    };

    void step();
    void start();
    void look();
    void turn();
    void end_some_io();
    void collect();
    void stop();
    void crash();
    void kill_between_turns();
    void let_end();
    void take_picture();
    void put_picture_back();
    void at_point(uio::CrashPoint point);
    void plant(uio::CrashPoint point);
    static void hook(uio::CrashPoint point);

    static World* current;
    static constexpr std::size_t kept_ids = 64;

    Machine& machine_;
    Random random_;
    Bug bug_;
    test::KernelRing kernel_;
    std::vector<std::byte> medium_;
    Initiator initiator_;
    std::unique_ptr<Process> process_;
    std::size_t crash_in_ = 0;  // Crash points from now; 0: not at one.
    std::optional<Picture> picture_;

    // Of planted bugs.
    std::uint32_t last_tail_ = 0;
    std::optional<uio::Journal::Move> last_move_;
};

}  // namespace tcmud::simulation
