// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/loop.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "handler/serving/session.hpp"

namespace tcmud::serving {

namespace {

constexpr int events_at_once = 64;
// What ends and begins again at once (a WRITE SAME over a large range, in memory) must not keep the others
// waiting.
constexpr int rounds_per_turn = 8;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

WeightController::Time now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

Loop::Loop(const std::string& name, Shared& shared)
    : shared_(shared),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      io_(wake_) {
    watch(wake_, &wake_, true);
    if (io_.fd() >= 0) watch(io_.fd(), &io_, false);
    thread_ = std::thread([this, name] {
        ::pthread_setname_np(::pthread_self(), name.c_str());
        run();
    });
}

Loop::~Loop() {
    stopping_ = true;
    ::eventfd_write(wake_, 1);
    thread_.join();
    ::close(wake_);
    ::close(epoll_);
}

void Loop::watch(int fd, void* whose, bool edges) const {
    epoll_event event{};
    event.events = edges ? EPOLLIN | EPOLLET : EPOLLIN;
    event.data.ptr = whose;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

void Loop::post(std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    ::eventfd_write(wake_, 1);
}

void Loop::add(Session& session) {
    watch(session.fd(), &session, true);
    // The kernel's counter was sampled when the device was opened: what came before rings no bell.
    serve_again(session);
}

void Loop::remove(Session& session) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, session.fd(), nullptr);
    for (auto* list : {&ready_, &serving_now_, &to_publish_}) std::ranges::replace(*list, &session, nullptr);
    session.listed_ready = session.listed_to_publish = false;
}

void Loop::serve_again(Session& session) {
    if (!std::exchange(session.listed_ready, true)) ready_.push_back(&session);
}

void Loop::publish_later(Session& session) {
    if (!std::exchange(session.listed_to_publish, true)) to_publish_.push_back(&session);
}

void Loop::run() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    while (!stopping_) {
        wait();
        turn();
        weigh();
    }
    rest();
}

void Loop::weigh() {
    if (!controller_.woken(std::exchange(commands_taken_, 0))) return;
    const int wanted = controller_.look(now());
    if (wanted == nice_) return;
    if (shared_.weight.set(this, wanted, controller_.rate_at_rest())) {
        nice_ = wanted;
    } else {
        controller_.refused(now());
    }
}

// The next command may be a lone one.
void Loop::rest() {
    if (nice_ == 0) return;
    shared_.weight.set(this, controller_.rested(now()), 0);
    nice_ = 0;
}

void Loop::wait() {
    std::array<epoll_event, events_at_once> events;
    const bool more_to_do = !ready_.empty() || io_.has_work();
    const int patience = nice_ == 0 ? -1 : static_cast<int>(WeightController::rest.count());
    const int count = ::epoll_wait(epoll_, events.data(), events_at_once, more_to_do ? 0 : patience);
    if (count == 0 && !more_to_do) return rest();
    for (int i = 0; i < count; ++i) {
        void* whose = events[static_cast<std::size_t>(i)].data.ptr;
        // The eventfd is edge-triggered and never read; the io_uring is looked at in every turn.
        if (whose == &wake_) {
            run_posted();
        } else if (whose != &io_) {
            serve_again(*static_cast<Session*>(whose));
        }
    }
}

void Loop::run_posted() {
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (auto& task : tasks) task();
}

void Loop::turn() {
    serving_now_.swap(ready_);
    for (std::size_t i = 0; i < serving_now_.size(); ++i) {
        auto* session = serving_now_[i];
        if (!session) continue;
        session->listed_ready = false;
        if (session->serve()) serve_again(*session);
    }
    serving_now_.clear();
    for (int round = 0; round < rounds_per_turn; ++round) {
        io_.submit();
        io_.reap();
        if (!io_.deliver()) break;
    }
    for (std::size_t i = 0; i < to_publish_.size(); ++i) {
        if (auto* session = to_publish_[i]) {
            session->listed_to_publish = false;
            session->publish();
        }
    }
    to_publish_.clear();
}

}  // namespace tcmud::serving
