// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/loop.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "handler/serving/io_uring_queue.hpp"
#include "handler/serving/session.hpp"

namespace tcmud::serving {

namespace {

constexpr int events_at_once = 64;
// What ends and begins again at once (a WRITE SAME over a large range, in memory) must not keep the others
// waiting.
constexpr int rounds_per_turn = 8;
// Rings. More of them would only find less.
constexpr std::size_t looked_at_before_sleep = 16;

// What epoll knows a backend by: sessions are known by their address, and this bit is set in no address.
constexpr std::uintptr_t backend_bit = 1;

void* marked(BlockBackend& backend) {
    return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(&backend) | backend_bit);
}

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

WeightController::Time now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

LoopKind loop_kind_for(int fd) {
    struct statfs status {};
    const int flags = fd < 0 ? -1 : ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fstatfs(fd, &status) != 0) return LoopKind::inline_calls;
    const bool never_waits =
        (flags & O_DIRECT) != 0 || status.f_type == XFS_SUPER_MAGIC || status.f_type == BTRFS_SUPER_MAGIC;
    static const bool available = IoUringQueue::available();
    return never_waits && available ? LoopKind::io_uring : LoopKind::inline_calls;
}

Loop::Loop(std::string name, LoopKind kind, Shared& shared)
    : shared_(shared),
      name_(std::move(name)),
      kind_(kind),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      busy_wait_(shared.busy_wait) {
    if (kind == LoopKind::inline_calls) {
        auto queue = std::make_unique<InlineQueue>(wake_, shared);
        inline_ = queue.get();
        io_ = std::move(queue);
    } else {
        io_ = std::make_unique<IoUringQueue>(wake_, shared);
    }
    watch(wake_, &wake_, true);
    if (io_->fd() >= 0) watch(io_->fd(), io_.get(), false);
}

void Loop::start() {
    shared_.carriers.start(*this);
}

void Loop::stop() {
    stopping_ = true;
    ::eventfd_write(wake_, 1);
    shared_.carriers.wait_for(*this);
}

Loop::~Loop() {
    stop();
    io_.reset();
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
    shared_.activity.note();
    watch(session.fd(), &session, true);
    // The kernel's counter was sampled when the device was opened: what came before rings no bell.
    serve_again(session);
}

void Loop::remove(Session& session) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, session.fd(), nullptr);
    for (auto* list : {&ready_, &serving_now_, &to_publish_, &lately_served_})
        std::ranges::replace(*list, &session, nullptr);
    session.listed_ready = session.listed_to_publish = false;
}

void Loop::add(BlockBackend& backend) {
    const auto fd = backend.event_fd();
    if (!fd) return;
    watch(*fd, marked(backend), true);
    ++backends_;
}

void Loop::remove(BlockBackend& backend) {
    const auto fd = backend.event_fd();
    if (!fd) return;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, *fd, nullptr);
    --backends_;
}

void Loop::serve_again(Session& session) {
    if (!std::exchange(session.listed_ready, true)) ready_.push_back(&session);
}

void Loop::publish_later(Session& session) {
    if (!std::exchange(session.listed_to_publish, true)) to_publish_.push_back(&session);
}

bool Loop::carry() {
    // Of a thread that goes on where another one was held: the weight that the loop had there, and the rest
    // of the turn.
    if (nice_ != 0) shared_.weight.set(this, nice_, controller_.rate_at_rest());
    if (!turn()) return false;
    while (!stopping_) {
        if (!goes_on_at_once()) wait();
        if (!turn()) return false;
        weigh();
    }
    rest();
    return true;
}

// An initiator that was told its answers may have sent the next commands by now, where it shares our CPU even
// before the doorbell's call returned. Others are looked after all the same, after a few turns.
bool Loop::goes_on_at_once() {
    if (ready_.empty() || ++turns_without_wait_ > most_turns_without_wait) {
        turns_without_wait_ = 0;
        return false;
    }
    return true;
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
    const bool more_to_do = !ready_.empty() || io_->has_work() || look_around();
    const int patience = nice_ == 0 ? -1 : static_cast<int>(WeightController::rest.count());
    // epoll_wait(2) without glibc's point of cancellation.
    const auto count = ::syscall(SYS_epoll_pwait, epoll_, events.data(), events_at_once,
                                 more_to_do ? 0 : patience, nullptr, 0);
    clock_.go_on();
    if (count == 0 && !more_to_do) return rest();
    bool posted = false;
    for (long i = 0; i < count; ++i) {
        void* whose = events[static_cast<std::size_t>(i)].data.ptr;
        // The eventfd is edge-triggered and never read; the io_uring is looked at in every turn.
        if (whose == &wake_)
            posted = true;
        else if (whose != io_.get())
            heard(whose);
    }
    // Last, for a task may remove what another event is of.
    if (posted) run_posted();
}

void Loop::heard(void* whose) {
    const auto address = reinterpret_cast<std::uintptr_t>(whose);
    if ((address & backend_bit) != 0) return reinterpret_cast<BlockBackend*>(address & ~backend_bit)->reap();
    shared_.activity.note();
    serve_again(*static_cast<Session*>(whose));
}

// Before a sleep: for a moment, whether a command comes. Not while anything is under way, whose end would not
// be seen (what libraries have under way we do not know), nor at less than full weight: then others want the
// CPU. True: one has come.
bool Loop::look_around() {
    if (nice_ != 0 || backends_ != 0 || lately_served_.empty() || !io_->idle() || !busy_wait_.worthwhile())
        return false;
    const auto until = std::chrono::steady_clock::now() + busy_wait_.at_most();
    do {
        if (look_at_rings()) {
            busy_wait_.found();
            return true;
        }
    } while (std::chrono::steady_clock::now() < until);
    busy_wait_.in_vain();
    return false;
}

bool Loop::look_at_rings() {
    for (auto* session : lately_served_) {
        if (session && session->has_commands()) serve_again(*session);
    }
    return !ready_.empty();
}

void Loop::run_posted() {
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (auto& task : tasks) task();
}

bool Loop::turn() {
    clock_.go_on();
    serving_now_.swap(ready_);
    if (!serving_now_.empty()) lately_served_.clear();
    for (std::size_t i = 0; i < serving_now_.size(); ++i) {
        auto* session = serving_now_[i];
        if (!session) continue;
        session->listed_ready = false;
        if (session->serve()) serve_again(*session);
        if (busy_wait_.enabled() && lately_served_.size() < looked_at_before_sleep)
            lately_served_.push_back(session);
    }
    serving_now_.clear();
    if (!do_io()) return false;
    for (std::size_t i = 0; i < to_publish_.size(); ++i) {
        if (auto* session = to_publish_[i]) {
            session->listed_to_publish = false;
            session->publish();
            if (session->has_commands()) serve_again(*session);
        }
    }
    to_publish_.clear();
    return true;
}

bool Loop::do_io() {
    for (int round = 0; round < rounds_per_turn; ++round) {
        if (!io_->submit()) return false;
        clock_.go_on();
        io_->reap();
        if (!io_->deliver() || !io_->has_work()) break;
    }
    return true;
}

}  // namespace tcmud::serving
