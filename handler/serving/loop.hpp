// SPDX-License-Identifier: Apache-2.0
// A serving thread: waits for the rings of its LUNs, serves them in turns, does their I/O.
//
// A turn: take entries of ready rings, within a budget for each; start them; submit what was queued; collect
// what has ended; publish all completions; ring each doorbell once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "handler/serving/io_uring_queue.hpp"
#include "handler/serving/session_command.hpp"
#include "handler/serving/shared.hpp"
#include "handler/serving/weight_controller.hpp"

namespace tcmud::serving {

class Session;

class Loop {
public:
    // name: of the thread, at most 15 characters. `shared` outlives the loop.
    Loop(const std::string& name, Shared& shared);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    // Ends the thread. REQUIRES: no session is left.
    ~Loop();

    // Any thread: runs the task on the serving thread, soon, in order.
    void post(std::function<void()> task);

    // From here on: on the serving thread.
    IoUringQueue& io() { return io_; }
    CommandPool& commands() { return commands_; }
    void add(Session& session);
    // Nothing of the session is called any more when this returns.
    void remove(Session& session);
    // The session has completions to publish at the end of the turn.
    void publish_later(Session& session);
    // The session has more to do than it was allowed to in this turn, or was woken by other means than its
    // doorbell.
    void serve_again(Session& session);
    // A session has taken a command from its ring.
    void count_command() { ++commands_taken_; }

private:
    void run();
    void turn();
    void wait();
    void watch(int fd, void* whose, bool edges) const;
    void run_posted();
    void weigh();
    void rest();

    Shared& shared_;
    int epoll_;
    int wake_;
    IoUringQueue io_;
    CommandPool commands_;
    std::vector<Session*> ready_;
    std::vector<Session*> serving_now_;
    std::vector<Session*> to_publish_;
    WeightController controller_;
    int nice_ = 0;  // In force.
    std::size_t commands_taken_ = 0;  // Since the last wake-up.

    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;  // Guarded by mutex_.
    std::atomic<bool> stopping_{false};
    std::thread thread_;  // Last: it uses all the others.
};

}  // namespace tcmud::serving
