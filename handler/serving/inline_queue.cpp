// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/inline_queue.hpp"

#include <linux/magic.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include <cassert>
#include <cerrno>

#include "handler/serving/shared.hpp"

namespace tcmud::serving {

namespace {

using Kind = IoOperation::Kind;

bool lies_in_memory(int fd) {
    struct statfs status {};
    if (::fstatfs(fd, &status) != 0) return false;
    return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

// What may take long however healthy the file system is. tmpfs has nothing to make stable.
bool is_slow(const IoOperation& operation) {
    if (operation.kind == Kind::allocate || operation.kind == Kind::work) return true;
    if (operation.file->reading == IoFile::Reading::plain) return false;
    return operation.kind == Kind::sync || operation.stable == Stable::yes;
}

}  // namespace

InlineQueue::InlineQueue(int wake_fd, Shared& shared)
    : LoopQueue(wake_fd, shared.slow_calls), shared_(shared) {
    ring_ready_ = ::io_uring_queue_init(reads_at_once, &ring_, 0) == 0;
    if (ring_ready_) ::io_uring_ring_dontfork(&ring_);
}

InlineQueue::~InlineQueue() {
    assert(idle());
    shared_.file_systems.unwatch(wake_fd());
    if (ring_ready_) ::io_uring_queue_exit(&ring_);
}

void InlineQueue::prepare_file(IoFile& file) {
    file.reading = lies_in_memory(file.fd) ? IoFile::Reading::plain : IoFile::Reading::no_wait;
    file.file_system = &shared_.file_systems.of(file.fd);
    file.file_system->watch(wake_fd());
}

bool InlineQueue::submit() {
    if (!parked_.empty()) queue_again_what_was_stuck();
    const bool few = !queued_.has_at_least(worth_a_ring);
    while (auto* operation = queued_.pop()) {
        if (operation->kind != Kind::read && operation->file->file_system->stuck()) {
            operation->place = IoOperation::Place::parked;
            parked_.push(*operation);
        } else if (operation->kind == Kind::read) {
            if (few || !ring_ready_ || operation->file->reading == IoFile::Reading::waiting) {
                read_one(*operation);
            } else if (!prepare_read(*operation)) {
                read_prepared();
                queued_.push(*operation);
            }
        } else if (is_slow(*operation)) {
            start_slow_call(*operation);
        } else if (!make_call(*operation)) {
            return false;
        }
    }
    if (prepared_ != 0) read_prepared();
    return true;
}

void InlineQueue::queue_again_what_was_stuck() {
    OperationList still;
    while (auto* operation = parked_.pop()) {
        if (operation->file->file_system->stuck()) {
            still.push(*operation);
        } else {
            queue_again(*operation);
        }
    }
    parked_ = still;
}

bool InlineQueue::take_back(const IoOperation& operation) {
    return parked_.remove(operation);
}

// The one call that may hold the thread. Its own frame, this one, is all that a thread that comes back too
// late may use, and the operation.
bool InlineQueue::make_call(IoOperation& operation) {
    auto* const file_system = operation.file->file_system;
    auto* const home = this;
    called_.store(file_system, std::memory_order_release);
    operation.place = IoOperation::Place::call;
    operation.caller = static_cast<int>(Ownership::owner_of(ownership_.look()));
    const auto inside = ownership_.enter();
    shared_.carriers.watch();
    const long result = call(operation);
    if (ownership_.leave(inside)) {
        ended(operation, result);
        return true;
    }
    // Reads that were prepared are submitted by the next owner.
    file_system->unstick();
    home->give_back(operation, result);
    return false;
}

void InlineQueue::read_one(IoOperation& operation) {
    switch (operation.file->reading) {
        case IoFile::Reading::plain: return ended(operation, call(operation));
        case IoFile::Reading::no_wait: return read_ended(operation, call(operation, RWF_NOWAIT));
        case IoFile::Reading::waiting: return wait_for(operation);
    }
}

void InlineQueue::wait_for(IoOperation& operation) {
    operation.place = IoOperation::Place::kernel;
    shared_.waiting_reader.start(operation);
}

bool InlineQueue::prepare_read(IoOperation& operation) {
    auto* entry = ::io_uring_get_sqe(&ring_);
    if (!entry) return false;
    const auto at = operation.offset + operation.done;
    ::io_uring_prep_readv2(entry, operation.file->fd, operation.pieces, pieces_at_once(operation), at,
                           operation.file->reading == IoFile::Reading::plain ? 0 : RWF_NOWAIT);
    ::io_uring_sqe_set_data(entry, &operation);
    ++prepared_;
    return true;
}

// All of them end inside of the call; should one not, it is waited for.
void InlineQueue::read_prepared() {
    ::io_uring_submit_and_wait(&ring_, prepared_);
    io_uring_cqe* entry = nullptr;
    while (prepared_ != 0 && ::io_uring_wait_cqe(&ring_, &entry) == 0) {
        auto& operation = *static_cast<IoOperation*>(::io_uring_cqe_get_data(entry));
        const long result = entry->res;
        ::io_uring_cqe_seen(&ring_, entry);
        --prepared_;
        read_ended(operation, result);
    }
}

void InlineQueue::read_ended(IoOperation& operation, long result) {
    if (result == -EOPNOTSUPP && operation.file->reading == IoFile::Reading::no_wait) {
        // Remembered: asking again would cost a call each time.
        operation.file->reading = IoFile::Reading::waiting;
        result = -EAGAIN;
    }
    if (result == -EAGAIN) return wait_for(operation);
    ended(operation, result);
}

}  // namespace tcmud::serving
