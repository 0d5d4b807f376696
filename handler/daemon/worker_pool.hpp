// SPDX-License-Identifier: Apache-2.0
// Threads for what may block: configfs, opening and closing of backends.
//
// Every job has a deadline, which counts from its beginning: one that waits for others is not late. A job
// that misses it is abandoned: its waiter is told, its thread is counted as stuck and replaced, up to a
// limit; when all are stuck, jobs that did not begin end with that error. The job itself goes on, and what it
// returns in the end is dropped on its own thread.
//
// Jobs begin in the order in which they came, but urgent ones before all others: after a start with a
// thousand LUNs, those whose makers and removers wait for an answer come first.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tcmud/result.hpp"

namespace tcmud::daemon {

namespace asio = boost::asio;

class WorkerPool {
public:
    // `threads` work at a time; up to `replacements` more take the place of stuck ones. context: the control
    // thread's.
    WorkerPool(asio::io_context& context, std::string name, std::size_t threads, std::size_t replacements);
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    // Waits for jobs that run, but not for stuck ones: those are left behind with the process.
    ~WorkerPool();

    // Whether a job is urgent; may change while it waits.
    using Urgency = std::shared_ptr<const std::atomic<bool>>;

    // GCC 12 destroys a lambda twice that stands inside of a co_await expression: first `auto job =
    // run(...)`, then `co_await std::move(job)`.
    //
    // Control thread. `what` names the job in messages, e.g. "open file//srv/disk". T: default constructible
    // or Result<...>; the awaited value is an error if the deadline passed. Without an urgency it is not
    // urgent.
    template <class T>
    asio::awaitable<Result<T>> run(std::string what, std::chrono::milliseconds deadline,
                                   std::function<Result<T>()> work, Urgency urgency = {});

    std::size_t stuck() const;
    // A job runs, stuck or not.
    bool busy() const;

private:
    // Shared by the waiter, the queue and the thread; outlives whichever gives up first.
    struct Job {
        std::string what;
        std::function<void()> work;
        std::function<void()> ended;  // Posted to the control thread.
        Urgency urgency;
        // Guarded by State::mutex.
        bool running = false;
        std::chrono::steady_clock::time_point began;
        bool finished = false;
        bool abandoned = false;
    };
    struct State {
        std::string name;
        mutable std::mutex mutex;
        std::condition_variable wake;
        std::deque<std::shared_ptr<Job>> queue;
        std::size_t threads = 0;  // Alive, stuck ones included.
        std::size_t idle = 0;
        std::size_t stuck = 0;
        bool stopping = false;

        // REQUIRES: there is one; the mutex is held.
        std::shared_ptr<Job> take_next();
    };

    bool enqueue(std::shared_ptr<Job> job);
    enum class Late { no, just_ended, abandoned, all_are_stuck };
    // Its waiter has waited for some time; of a job that is not late, `more` is for how long he goes on.
    Late look_at(Job& job, std::chrono::milliseconds deadline, std::chrono::milliseconds& more);
    // REQUIRES: the state's mutex is held.
    void abandon(Job& job);
    bool all_are_stuck() const { return state_->stuck >= threads_ + replacements_; }
    void start_thread();
    static void serve(const std::shared_ptr<State>& state);

    static constexpr std::string_view stuck_words = ": all threads for such work are stuck";

    asio::io_context& context_;
    std::size_t threads_;
    std::size_t replacements_;
    std::shared_ptr<State> state_;
};

template <class T>
asio::awaitable<Result<T>> WorkerPool::run(std::string what, std::chrono::milliseconds deadline,
                                           std::function<Result<T>()> work, Urgency urgency) {
    // Cancelling the timer is how the waiter is woken.
    auto timer = std::make_shared<asio::steady_timer>(context_, deadline);
    auto result = std::make_shared<std::optional<Result<T>>>();
    auto job = std::make_shared<Job>();
    job->what = std::move(what);
    job->work = [work = std::move(work), what = job->what, result] {
        try {
            result->emplace(work());
        } catch (const std::exception& error) {
            // Out of memory, or a library's: of this job alone.
            result->emplace(failure(EIO, what + ": " + error.what()));
        }
    };
    job->ended = [timer] { timer->cancel(); };
    job->urgency = std::move(urgency);
    if (!enqueue(job)) {
        co_return failure(EAGAIN, job->what.append(stuck_words));
    }
    auto late = Late::no;
    while (late == Late::no) {
        boost::system::error_code woken;
        co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (woken) co_return std::move(**result);
        std::chrono::milliseconds more{};
        late = look_at(*job, deadline, more);
        if (late == Late::no) timer->expires_after(more);
    }
    if (late == Late::just_ended) co_return std::move(**result);
    if (late == Late::all_are_stuck) co_return failure(EAGAIN, job->what.append(stuck_words));
    co_return failure(ETIMEDOUT,
                      job->what + ": did not end within " + std::to_string(deadline.count()) + " ms");
}

}  // namespace tcmud::daemon
