// SPDX-License-Identifier: Apache-2.0
// A serving thread: waits for the rings of its LUNs, serves them in turns, does their I/O.
//
// A loop belongs to one thread at a time, but not to the same one for ever: while a system call holds its
// thread, another one goes on (see Carriers). So what a turn knows is kept in the loop, and nothing on the
// stack below a call.
//
// A turn: take entries of ready rings, within a budget for each; start them; submit what was queued; collect
// what has ended; publish all completions; ring each doorbell once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "handler/serving/busy_wait.hpp"
#include "handler/serving/inline_queue.hpp"
#include "handler/serving/session_command.hpp"
#include "handler/serving/shared.hpp"
#include "handler/serving/turn_clock.hpp"
#include "handler/serving/weight_controller.hpp"
#include "tcmud/block_backend.hpp"

namespace tcmud::serving {

class Session;

// How a loop's files are read and written.
enum class LoopKind : std::uint8_t { inline_calls, io_uring };

// By the descriptor's file system and flags; -1: no file at all.
LoopKind loop_kind_for(int fd);

class Loop : public Carried {
public:
    // name: of the thread, at most 15 characters. `shared` outlives the loop.
    Loop(std::string name, LoopKind kind, Shared& shared);
    // From here on it runs; what was posted before is done then.
    void start();
    // Ends its thread. REQUIRES: no session is left. Again does nothing.
    void stop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    // Stops it.
    ~Loop() override;

    LoopKind kind() const { return kind_; }

    // Any thread: runs the task on the serving thread, soon, in order.
    void post(std::function<void()> task);

    // From here on: on the serving thread.
    LoopQueue& io() { return *io_; }
    CommandPool& commands() { return commands_; }
    TurnClock& clock() { return clock_; }
    void add(Session& session);
    // Nothing of the session is called any more when this returns.
    void remove(Session& session);
    // A backend whose library ends operations on threads of its own: it is told to reap whenever its
    // event_fd() is written, which need not be read. One without such a descriptor is left alone.
    void add(BlockBackend& backend);
    // The backend is not told any more when this returns.
    void remove(BlockBackend& backend);
    // The session has completions to publish at the end of the turn.
    void publish_later(Session& session);
    // The session has more to do than it was allowed to in this turn, or was woken by other means than its
    // doorbell.
    void serve_again(Session& session);
    // A session has taken a command from its ring.
    void count_command() { ++commands_taken_; }

    // One turn, without waiting; of carry(), and of tests that have no threads. False: the loop is another
    // thread's by now.
    [[nodiscard]] bool turn();

    // Of Carriers.
    bool carry() override;
    Ownership* ownership() override { return inline_ ? &inline_->ownership() : nullptr; }
    FileSystem* called() const override { return inline_ ? inline_->called() : nullptr; }
    const std::string& name() const override { return name_; }

private:
    [[nodiscard]] bool do_io();
    void wait();
    bool look_around();
    bool look_at_rings();
    void watch(int fd, void* whose, bool edges) const;
    void heard(void* whose);
    void run_posted();
    bool goes_on_at_once();
    void weigh();
    void rest();

    Shared& shared_;
    std::string name_;
    LoopKind kind_;
    int epoll_;
    int wake_;
    std::unique_ptr<LoopQueue> io_;
    InlineQueue* inline_ = nullptr;  // The same, if it is of that kind.
    // As many as a LUN has in flight by default: to get memory for more, somebody may have to write to a LUN.
    static constexpr std::size_t ready_commands = 128;
    CommandPool commands_{ready_commands};
    TurnClock clock_;
    std::vector<Session*> ready_;
    std::vector<Session*> serving_now_;
    std::vector<Session*> to_publish_;
    BusyWait busy_wait_;
    std::size_t backends_ = 0;             // Those that are told to reap.
    std::vector<Session*> lately_served_;  // Had commands in the last turn that found any; some of them.
    WeightController controller_;
    int nice_ = 0;                    // In force.
    std::size_t commands_taken_ = 0;  // Since the last wake-up.
    static constexpr unsigned most_turns_without_wait = 16;
    unsigned turns_without_wait_ = 0;

    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;  // Guarded by mutex_.
    std::atomic<bool> stopping_{false};
};

}  // namespace tcmud::serving
