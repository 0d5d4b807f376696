// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/waiting_reader.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <utility>

#include "handler/serving/lock_memory.hpp"
#include "handler/serving/loop_queue.hpp"

namespace tcmud::serving {

WaitingReader::~WaitingReader() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    ::eventfd_write(wake_, 1);
    thread_.join();
    if (ring_ready_) ::io_uring_queue_exit(&ring_);
    ::close(wake_);
}

void WaitingReader::start(IoOperation& operation) {
    std::call_once(begun_, [this] { begin(); });
    if (posted_.push(operation)) ::eventfd_write(wake_, 1);
}

void WaitingReader::begin() {
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ring_ready_ = ::io_uring_queue_init(entries, &ring_, 0) == 0;
    if (ring_ready_) {
        ::io_uring_ring_dontfork(&ring_);
        std::array<unsigned, 2> workers{most_workers, most_workers};
        ::io_uring_register_iowq_max_workers(&ring_, workers.data());
    }
    thread_ = std::thread([this] { run(); });
}

void WaitingReader::run() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    ::pthread_setname_np(::pthread_self(), "waiting-reader");
    lock_own_stack();
    while (!stopping_) {
        std::array<pollfd, 2> waiting{{{wake_, POLLIN, 0}, {ring_ready_ ? ring_.ring_fd : -1, POLLIN, 0}}};
        ::poll(waiting.data(), waiting.size(), -1);
        eventfd_t count = 0;
        ::eventfd_read(wake_, &count);
        for (auto* operation = posted_.take(); operation;)
            queued_.push(*std::exchange(operation, operation->next));
        if (ring_ready_) collect();
        submit();
    }
    assert(in_flight_ == 0 && queued_.empty());
}

// What does not fit waits until something has ended.
void WaitingReader::submit() {
    bool prepared = false;
    while (auto* operation = queued_.front()) {
        if (!ring_ready_) {
            // A machine without io_uring: one after another.
            queued_.pop();
            operation->file->home->give_back(*operation, call(*operation));
            continue;
        }
        auto* entry = in_flight_ < entries ? ::io_uring_get_sqe(&ring_) : nullptr;
        if (!entry) break;
        queued_.pop();
        ::io_uring_prep_readv(entry, operation->file->fd, operation->pieces, pieces_at_once(*operation),
                              operation->offset + operation->done);
        ::io_uring_sqe_set_data(entry, operation);
        ++in_flight_;
        prepared = true;
    }
    if (prepared) ::io_uring_submit(&ring_);
}

void WaitingReader::collect() {
    io_uring_cqe* entry = nullptr;
    while (in_flight_ != 0 && ::io_uring_peek_cqe(&ring_, &entry) == 0 && entry) {
        auto& operation = *static_cast<IoOperation*>(::io_uring_cqe_get_data(entry));
        const long result = entry->res;
        ::io_uring_cqe_seen(&ring_, entry);
        --in_flight_;
        operation.file->home->give_back(operation, result);
    }
}

}  // namespace tcmud::serving
