// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/io_uring_queue.hpp"

#include <sys/uio.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>

#include "handler/serving/shared.hpp"

namespace tcmud::serving {

using Kind = IoOperation::Kind;

// Without the flags that defer completions: whoever then sleeps on the ring's descriptor is not woken by
// every kernel (docs/adr/0017).
IoUringQueue::IoUringQueue(int wake_fd, Shared& shared) : LoopQueue(wake_fd, shared.slow_calls) {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    parameters.cq_entries = completion_entries;
    if (const int failed = ::io_uring_queue_init_params(submission_entries, &ring_, &parameters); failed != 0)
        throw std::system_error(-failed, std::generic_category(), "io_uring_setup");
    ::io_uring_ring_dontfork(&ring_);
    std::array<unsigned, 2> workers{most_workers, most_workers};
    ::io_uring_register_iowq_max_workers(&ring_, workers.data());
}

IoUringQueue::~IoUringQueue() {
    assert(idle());
    ::io_uring_queue_exit(&ring_);
}

bool IoUringQueue::available() {
    io_uring ring{};
    if (::io_uring_queue_init(1, &ring, 0) != 0) return false;
    ::io_uring_queue_exit(&ring);
    return true;
}

bool IoUringQueue::submit() {
    bool prepared = false;
    // A full ring keeps the rest for a later turn.
    while (!queued_.empty() && in_flight_ < completion_entries) {
        auto& operation = *queued_.front();
        if (operation.kind == IoOperation::Kind::work) {
            queued_.pop();
            start_slow_call(operation);
            continue;
        }
        if (!prepare(operation)) break;
        queued_.pop();
        ++in_flight_;
        prepared = true;
    }
    if (prepared) ::io_uring_submit(&ring_);
    return true;
}

bool IoUringQueue::prepare(IoOperation& operation) {
    auto* entry = ::io_uring_get_sqe(&ring_);
    if (!entry) {
        ::io_uring_submit(&ring_);
        entry = ::io_uring_get_sqe(&ring_);
        if (!entry) return false;
    }
    const int fd = operation.file->fd;
    const auto at = operation.offset + operation.done;
    switch (operation.kind) {
        case Kind::read:
            ::io_uring_prep_readv(entry, fd, operation.pieces, pieces_at_once(operation), at);
            break;
        case Kind::write:
            ::io_uring_prep_writev2(entry, fd, operation.pieces, pieces_at_once(operation), at,
                                    operation.stable == Stable::yes ? RWF_DSYNC : 0);
            break;
        case Kind::sync: ::io_uring_prep_fsync(entry, fd, IORING_FSYNC_DATASYNC); break;
        case Kind::allocate:
            ::io_uring_prep_fallocate(entry, fd, operation.allocate_mode, static_cast<off_t>(at),
                                      static_cast<off_t>(operation.length));
            break;
        case Kind::work: break;  // Not for the kernel.
    }
    ::io_uring_sqe_set_data(entry, &operation);
    operation.place = IoOperation::Place::kernel;
    return true;
}

void IoUringQueue::reap() {
    LoopQueue::reap();
    io_uring_cqe* entry = nullptr;
    while (in_flight_ != 0 && ::io_uring_peek_cqe(&ring_, &entry) == 0 && entry) {
        auto& operation = *static_cast<IoOperation*>(::io_uring_cqe_get_data(entry));
        const long result = entry->res;
        ::io_uring_cqe_seen(&ring_, entry);
        --in_flight_;
        ended(operation, result);
    }
}

}  // namespace tcmud::serving
