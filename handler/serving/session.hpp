// SPDX-License-Identifier: Apache-2.0
// Serves one LUN: takes commands from its ring, has its device execute them, puts the answers back.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handler/devices/device.hpp"
#include "handler/serving/command_group.hpp"
#include "handler/serving/latency.hpp"
#include "handler/serving/loop.hpp"
#include "uio/device.hpp"
#include "uio/ring.hpp"

namespace tcmud::serving {

// Written by the serving thread, read by any.
struct SessionCounters {
    std::atomic<std::uint64_t> commands{0};
    std::atomic<std::uint64_t> reads{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<std::uint64_t> read_bytes{0};
    std::atomic<std::uint64_t> written_bytes{0};
    std::atomic<std::uint64_t> errors{0};  // Answers other than GOOD.
    std::atomic<std::uint64_t> task_management{0};
    std::atomic<std::uint64_t> doorbells{0};
    std::atomic<std::uint64_t> in_flight{0};
    // Turns of the loop that found something in the ring, and those of them that took some of it.
    std::atomic<std::uint64_t> turns_that_found{0};
    std::atomic<std::uint64_t> turns_that_took{0};
    // Of all that were answered, well or not.
    std::array<std::atomic<std::uint64_t>, group_names.size()> by_group{};
    std::array<std::atomic<std::uint64_t>, 16> errors_by_sense_key{};
    std::atomic<std::uint64_t> errors_without_sense{0};
    std::atomic<std::uint64_t> resets{0};    // LOGICAL UNIT RESET, among the task management functions.
    std::atomic<std::uint64_t> aborts{0};    // Commands that task management has ended, or tried to.
    std::atomic<std::uint64_t> replayed{0};  // Commands that a killed predecessor had begun.
    // From the ring to the answer in the ring; by Direction.
    std::array<Latency, direction_names.size()> latency;
};

// A command that did not end well, for the administrator.
struct ErrorReport {
    std::chrono::system_clock::time_point when;
    std::array<std::byte, 16> cdb{};  // Of a longer one, its beginning.
    std::size_t cdb_length = 0;
    std::string_view name;  // As the standard spells it; empty if there is no such command.
    scsi::Status status{};
    scsi::Sense sense;
};

// A command that is in flight, for the administrator.
struct CommandReport {
    std::vector<std::byte> cdb;
    std::string name;  // As the standard spells it; empty if there is no such command.
    // Since it was seen first, which is a little later than it was taken.
    std::chrono::steady_clock::duration age{};
    bool aborted = false;
    std::string waits;  // Where.
    pid_t thread = 0;   // Whose system call that is, if it is one.
};

// The commands of a LUN that have been in flight for longer than something.
struct LongCommands {
    std::chrono::steady_clock::duration oldest{};  // Of all in flight.
    std::size_t count = 0;
    std::vector<CommandReport> commands;  // The oldest of them, oldest first.
};

class Session {
public:
    // What a session cannot deal with itself. Called on the serving thread.
    struct Events {
        // The ring holds nonsense; nothing more is taken from it until it is reset.
        std::function<void(std::string_view problem)> broken;
        // The kernel removed the device under us.
        std::function<void()> gone;
    };

    // REQUIRES: the ring is not lost; the device stays until the session is destroyed.
    Session(uio::Device uio, uio::Ring ring, devices::Device& device, Loop& loop, Events events);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    // REQUIRES: never started, or left.
    ~Session();

    const SessionCounters& counters() const { return counters_; }

    // From here on: on the serving thread.
    void start();
    // Takes nothing more; calls idle() when nothing is in flight any more, perhaps at once. Ends by resume().
    void pause(std::function<void()> idle);
    void resume();
    // Closes the UIO device; the ring keeps what was not taken. REQUIRES: paused and idle.
    void leave();

    // Remembers what is in flight now, so that the age of commands costs no clock for each of them: it counts
    // from the first look.
    void look(std::chrono::steady_clock::time_point now);
    // By what looks have seen. At most so many are described.
    LongCommands in_flight_for(std::chrono::steady_clock::duration at_least,
                               std::chrono::steady_clock::time_point now, std::size_t most) const;
    // The last of them, the latest first.
    std::vector<ErrorReport> last_errors() const;
    // The LUN is being removed: what only waits, above the kernel, ends now, with an error.
    void end_what_waits();

    // What others have under way on the device, an extended copy for example, counts as in flight.
    void hold() { ++held_; }
    void release() {
        --held_;
        check_idle();
    }

    // Of the loop: true, if there is more to take than the budget allowed.
    bool serve();
    void publish();
    bool has_commands() const { return taking_ && ring_.has_more(); }
    int fd() const { return uio_->fd(); }
    // Whether it is in one of the loop's lists.
    bool listed_ready = false;
    bool listed_to_publish = false;

private:
    friend struct SessionCommand;

    // One turn's share of a LUN.
    static constexpr unsigned commands_per_turn = 64;
    static constexpr std::uint64_t bytes_per_turn = 8 * 1024 * 1024;

    unsigned take_share();
    std::uint64_t take(const uio::Entry& entry);
    void execute(SessionCommand& command, std::uint8_t progress);
    void manage_tasks(const uio::Entry& entry);
    void answer(SessionCommand& command, const scsi::Outcome& outcome);
    void explain(const SessionCommand& command, const scsi::Outcome& outcome, scsi::SenseBytes& sense,
                 uio::Response& response) const;
    CommandReport describe(const SessionCommand& command, std::chrono::steady_clock::duration age) const;
    SessionCommand* find(uio::CommandId id) const;
    void note(const SessionCommand& command, devices::Command::Progress progress);
    void count(const SessionCommand& command, const scsi::Outcome& outcome);
    void count_error(const SessionCommand& command, const scsi::Outcome& outcome);
    void record_latencies();
    void check_idle();

    std::optional<uio::Device> uio_;
    uio::Ring ring_;
    devices::Device& device_;
    Loop& loop_;
    Events events_;
    SessionCounters counters_;
    // What was answered and not published yet: since when, and where its latency goes to.
    struct Answered {
        TurnClock::Time taken;
        Latency* latency;
    };
    std::array<Answered, commands_per_turn> answered_;
    std::size_t answered_count_ = 0;
    static constexpr std::size_t kept_errors = 8;
    std::array<ErrorReport, kept_errors> errors_;  // A ring.
    std::size_t error_count_ = 0;                  // So far.
    SessionCommand* oldest_ = nullptr;
    SessionCommand* youngest_ = nullptr;
    std::uint64_t held_ = 0;
    bool taking_ = false;
    bool started_ = false;
    bool ending_what_waits_ = false;
    std::function<void()> idle_;
};

}  // namespace tcmud::serving
