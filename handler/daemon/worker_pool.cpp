// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/worker_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <csignal>

#include <boost/asio/post.hpp>

#include "handler/daemon/log.hpp"

namespace tcmud::daemon {

WorkerPool::WorkerPool(asio::io_context& context, std::string name, std::size_t threads,
                       std::size_t replacements)
    : context_(context), threads_(threads), replacements_(replacements), state_(std::make_shared<State>()) {
    state_->name = std::move(name);
}

WorkerPool::~WorkerPool() {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->queue.clear();
    state_->wake.notify_all();
    state_->wake.wait(lock, [this] { return state_->threads == state_->stuck; });
}

std::size_t WorkerPool::stuck() const {
    const std::lock_guard lock(state_->mutex);
    return state_->stuck;
}

bool WorkerPool::busy() const {
    const std::lock_guard lock(state_->mutex);
    return state_->threads != state_->idle;
}

bool WorkerPool::enqueue(std::shared_ptr<Job> job) {
    auto ended = [this, wake = std::move(job->ended)]() mutable { asio::post(context_, std::move(wake)); };
    job->ended = std::move(ended);
    const std::lock_guard lock(state_->mutex);
    if (all_are_stuck()) return false;
    state_->queue.push_back(std::move(job));
    const auto working = state_->threads - state_->stuck;
    if (state_->idle < state_->queue.size() && working < threads_ &&
        state_->threads < threads_ + replacements_)
        start_thread();
    state_->wake.notify_one();
    return true;
}

// REQUIRES: the state's mutex is held.
void WorkerPool::start_thread() {
    ++state_->threads;
    std::thread([state = state_] { serve(state); }).detach();
}

WorkerPool::Late WorkerPool::look_at(Job& job, std::chrono::milliseconds deadline,
                                     std::chrono::milliseconds& more) {
    const std::lock_guard lock(state_->mutex);
    if (job.finished) return Late::just_ended;
    more = deadline;
    if (!job.running && !all_are_stuck()) return Late::no;
    if (job.running) {
        const auto late_at = job.began + deadline;
        const auto now = std::chrono::steady_clock::now();
        more = std::chrono::ceil<std::chrono::milliseconds>(late_at - now);
        if (now < late_at) return Late::no;
    }
    const bool ran = job.running;
    abandon(job);
    return ran ? Late::abandoned : Late::all_are_stuck;
}

void WorkerPool::abandon(Job& job) {
    job.abandoned = true;
    // The stuck thread may outlive the control thread's context; it must hold nothing of it.
    job.ended = nullptr;
    if (!job.running) {
        std::erase_if(state_->queue, [&](const auto& queued) { return queued.get() == &job; });
        return;
    }
    ++state_->stuck;
    log::warning("{}: still not ended; its thread is left to it", job.what);
    if (!state_->queue.empty() && state_->threads < threads_ + replacements_) start_thread();
}

std::shared_ptr<WorkerPool::Job> WorkerPool::State::take_next() {
    auto next = std::ranges::find_if(queue, [](const auto& job) { return job->urgency && *job->urgency; });
    if (next == queue.end()) next = queue.begin();
    auto job = std::move(*next);
    queue.erase(next);
    return job;
}

void WorkerPool::serve(const std::shared_ptr<State>& state) {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    ::pthread_setname_np(::pthread_self(), state->name.c_str());
    std::unique_lock lock(state->mutex);
    for (;;) {
        ++state->idle;
        state->wake.wait(lock, [&] { return state->stopping || !state->queue.empty(); });
        --state->idle;
        if (state->queue.empty()) break;
        const auto job = state->take_next();
        job->running = true;
        job->began = std::chrono::steady_clock::now();
        lock.unlock();
        job->work();
        lock.lock();
        job->finished = true;
        if (job->abandoned) {
            // Replaced meanwhile: this thread is one too many.
            --state->stuck;
            break;
        }
        lock.unlock();
        job->ended();
        lock.lock();
    }
    --state->threads;
    state->wake.notify_all();
}

}  // namespace tcmud::daemon
