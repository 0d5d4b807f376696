// SPDX-License-Identifier: Apache-2.0
// Knows which commands of the LUNs take too long and what they wait for; tells the log when a LUN's commands
// hang, and when they have ended. Control thread.
//
// While anything is in flight it asks each serving thread now and then. A thread that does not answer is told
// of as well. While nothing is in flight no timer runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "handler/daemon/lun.hpp"
#include "handler/daemon/serving_threads.hpp"
#include "handler/daemon/signal.hpp"
#include "handler/serving/session.hpp"

namespace tcmud::daemon {

struct HungReport {
    struct Command {
        std::string lun;
        serving::CommandReport command;
    };
    // A LUN with commands in flight whose serving thread does not answer.
    struct Silent {
        std::string lun;
        std::uint64_t in_flight = 0;
        pid_t thread = 0;
    };
    std::chrono::milliseconds older_than{0};
    std::vector<Command> commands;
    std::size_t not_listed = 0;  // More of them than are described.
    std::vector<Silent> silent;
};

// "WRITE(10)", or the opcode in hexadecimal digits.
std::string name_of(const serving::CommandReport& command);
// "2a 00 00 00 …"
std::string cdb_text(const serving::CommandReport& command);
// " (thread 4711, in percpu_rwsem_wait)"; empty for no thread.
std::string thread_text(pid_t thread);

class CommandWatch {
public:
    using Duration = std::chrono::steady_clock::duration;
    using Time = std::chrono::steady_clock::time_point;

    // luns: those that are served now.
    CommandWatch(asio::io_context& context, ServingThreads& threads, std::chrono::milliseconds report_after,
                 std::function<std::vector<LunServing>()> luns);
    CommandWatch(const CommandWatch&) = delete;
    CommandWatch& operator=(const CommandWatch&) = delete;

    // For as long as the daemon runs.
    asio::awaitable<void> run();
    // What the last look has found of a LUN.
    void describe(LunReport& report) const;
    // All commands that are older, each LUN's oldest first; nullopt: those that the log is told of.
    asio::awaitable<HungReport> older_than(std::optional<std::chrono::milliseconds> age) const;

private:
    struct State {
        std::weak_ptr<serving::ServedLun> lun;
        std::optional<Time> asked;  // And not answered.
        Time looked;
        Duration oldest{};
        std::size_t hung = 0;
        std::optional<Time> reported_since;  // Told to hang: since when it does.
    };

    // True: something is in flight.
    bool look_at_all();
    void ask(const LunServing& lun, State& state);
    void take(const std::string& name, const serving::LongCommands& found);
    void take_silence(const LunServing& lun, State& state, Time now);
    void report(State& state, Duration age, const std::string& line);
    void report_end(const std::string& name, State& state);
    // Whether one more line may be written for this look.
    bool may_write();

    asio::io_context& context_;
    ServingThreads& threads_;
    std::chrono::milliseconds report_after_;
    std::chrono::milliseconds interval_;
    std::function<std::vector<LunServing>()> luns_;
    std::map<std::string, State> states_;
    Time last_look_;
    std::size_t lines_ = 0;
    Signal woken_;
};

}  // namespace tcmud::daemon
