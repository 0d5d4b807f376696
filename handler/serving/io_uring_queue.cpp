// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/io_uring_queue.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>

namespace tcmud::serving {

namespace {

using Kind = IoOperation::Kind;

IoStatus status_of(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG: return IoStatus::no_space;
        case EROFS:
        case EPERM:
        case EBADF: return IoStatus::read_only;
        case EOPNOTSUPP:
        case ENOSYS: return IoStatus::unsupported;
        case ENODEV:
        case ENXIO:
        case ENOMEDIUM:
        case ESTALE:
        case ENOTCONN: return IoStatus::not_ready;
        default: return IoStatus::io_error;
    }
}

// readv(2) and its kin take no more pieces at a time.
int pieces_at_once(const IoOperation& operation) {
    return static_cast<int>(std::min<std::uint32_t>(operation.piece_count, IOV_MAX));
}

off_t position(const IoOperation& operation) {
    return static_cast<off_t>(operation.offset + operation.done);
}

}  // namespace

IoFile::Execution execution_of(int fd) {
    struct statfs status {};
    const int flags = ::fcntl(fd, F_GETFL);
    if (::fstatfs(fd, &status) != 0 || flags < 0) return IoFile::Execution::waiting;
    if (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC) return IoFile::Execution::plain;
    return (flags & O_DIRECT) != 0 ? IoFile::Execution::waiting : IoFile::Execution::cached;
}

IoUringQueue::IoUringQueue(int wake_fd) : wake_fd_(wake_fd) {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    parameters.cq_entries = completion_entries;
    ring_ready_ = ::io_uring_queue_init_params(submission_entries, &ring_, &parameters) == 0;
    if (ring_ready_) ::io_uring_ring_dontfork(&ring_);
}

IoUringQueue::~IoUringQueue() {
    assert(idle());
    if (ring_ready_) ::io_uring_queue_exit(&ring_);
}

void IoUringQueue::queue(IoOperation& operation, Kind kind, IoFile& file) {
    operation.kind = kind;
    operation.file = &file;
    operation.done = 0;
    if (file.execution == IoFile::Execution::unknown) file.execution = execution_of(file.fd);
    queued_.push(operation);
}

void IoUringQueue::read(IoFile& file, ByteOffset at, Buffers into, Completion done) {
    auto& operation = *std::move(done).release();
    operation.pieces = into.data();
    operation.piece_count = static_cast<std::uint32_t>(into.size());
    operation.offset = raw(at);
    operation.length = raw(total(into));
    queue(operation, Kind::read, file);
}

void IoUringQueue::write(IoFile& file, ByteOffset at, Buffers from, Stable stable, Completion done) {
    auto& operation = *std::move(done).release();
    operation.pieces = from.data();
    operation.piece_count = static_cast<std::uint32_t>(from.size());
    operation.offset = raw(at);
    operation.length = raw(total(from));
    operation.stable = stable;
    queue(operation, Kind::write, file);
}

void IoUringQueue::sync(IoFile& file, Completion done) {
    queue(*std::move(done).release(), Kind::sync, file);
}

void IoUringQueue::allocate(IoFile& file, int mode, ByteOffset at, ByteCount length, Completion done) {
    auto& operation = *std::move(done).release();
    operation.allocate_mode = mode;
    operation.offset = raw(at);
    operation.length = raw(length);
    queue(operation, Kind::allocate, file);
}

void IoUringQueue::post(Completion done, IoResult result) {
    auto& operation = *std::move(done).release();
    operation.result = result;
    if (posted_.push(operation)) ::eventfd_write(wake_fd_, 1);
}

void IoUringQueue::submit() {
    const bool lone = queued_.single();
    bool prepared = false;
    while (auto* operation = queued_.front()) {
        const auto execution = operation->file->execution;
        if (execution == IoFile::Execution::plain || !ring_ready_) {
            call(*queued_.pop());
            continue;
        }
        if (lone && operation->kind == Kind::read && execution == IoFile::Execution::cached) {
            queued_.pop();
            if (try_without_waiting(*operation)) continue;
            queued_.push(*operation);
        }
        // A full ring keeps the rest for a later turn.
        if (in_flight_ >= completion_entries || !prepare(*operation)) break;
        queued_.pop();
        ++in_flight_;
        prepared = true;
    }
    if (prepared) ::io_uring_submit(&ring_);
}

// False: it has to wait, and io_uring is to do that.
bool IoUringQueue::try_without_waiting(IoOperation& operation) {
    const auto result = ::preadv2(operation.file->fd, operation.pieces, pieces_at_once(operation),
                                  position(operation), RWF_NOWAIT);
    if (result < 0 && errno == EAGAIN) return false;
    if (result < 0 && errno == EOPNOTSUPP) {
        operation.file->execution = IoFile::Execution::waiting;
        return false;
    }
    ended(operation, result < 0 ? -errno : result);
    return true;
}

// Where the thread may be held: it is not, or the machine offers nothing else.
void IoUringQueue::call(IoOperation& operation) {
    const int fd = operation.file->fd;
    const int sync_flag = operation.stable == Stable::yes ? RWF_DSYNC : 0;
    long result = 0;
    switch (operation.kind) {
        case Kind::read:
            result = ::preadv(fd, operation.pieces, pieces_at_once(operation), position(operation));
            break;
        case Kind::write:
            result =
                ::pwritev2(fd, operation.pieces, pieces_at_once(operation), position(operation), sync_flag);
            break;
        case Kind::sync: result = ::fdatasync(fd); break;
        case Kind::allocate:
            result = ::fallocate(fd, operation.allocate_mode, static_cast<off_t>(operation.offset),
                                 static_cast<off_t>(operation.length));
            break;
    }
    ended(operation, result < 0 ? -errno : result);
}

bool IoUringQueue::prepare(IoOperation& operation) {
    auto* entry = ::io_uring_get_sqe(&ring_);
    if (!entry) {
        ::io_uring_submit(&ring_);
        entry = ::io_uring_get_sqe(&ring_);
        if (!entry) return false;
    }
    const int fd = operation.file->fd;
    const auto pieces = static_cast<unsigned>(pieces_at_once(operation));
    const auto at = static_cast<std::uint64_t>(position(operation));
    switch (operation.kind) {
        case Kind::read: ::io_uring_prep_readv(entry, fd, operation.pieces, pieces, at); break;
        case Kind::write:
            ::io_uring_prep_writev2(entry, fd, operation.pieces, pieces, at,
                                    operation.stable == Stable::yes ? RWF_DSYNC : 0);
            break;
        case Kind::sync: ::io_uring_prep_fsync(entry, fd, IORING_FSYNC_DATASYNC); break;
        case Kind::allocate:
            ::io_uring_prep_fallocate(entry, fd, operation.allocate_mode,
                                      static_cast<off_t>(operation.offset),
                                      static_cast<off_t>(operation.length));
            break;
    }
    ::io_uring_sqe_set_data(entry, &operation);
    return true;
}

void IoUringQueue::reap() {
    for (auto* operation = posted_.take(); operation;)
        ended_.push(*std::exchange(operation, operation->next));
    if (!ring_ready_ || in_flight_ == 0) return;
    io_uring_cqe* entry = nullptr;
    while (::io_uring_peek_cqe(&ring_, &entry) == 0 && entry) {
        auto& operation = *static_cast<IoOperation*>(::io_uring_cqe_get_data(entry));
        const long result = entry->res;
        ::io_uring_cqe_seen(&ring_, entry);
        --in_flight_;
        ended(operation, result);
    }
}

void IoUringQueue::ended(IoOperation& operation, long result) {
    if (result == -EINTR || result == -EAGAIN) return queued_.push(operation);
    if (result < 0) return finish(operation, status_of(static_cast<int>(-result)));
    if (operation.kind == Kind::sync || operation.kind == Kind::allocate)
        return finish(operation, IoStatus::ok);
    operation.done += static_cast<std::uint64_t>(result);
    // A read that moves nothing has met the end; a write that moves nothing will not move more.
    if (operation.done == operation.length || (result == 0 && operation.kind == Kind::read)) {
        return finish(operation, IoStatus::ok);
    }
    if (result == 0) return finish(operation, IoStatus::io_error);
    continue_behind(operation);
}

void IoUringQueue::continue_behind(IoOperation& operation) {
    const auto left = operation.length - operation.done;
    const Buffers before{operation.pieces, operation.piece_count};
    auto rest = slice(before, total(before) - ByteCount{left}, ByteCount{left});
    auto& kept = remainders_[&operation];
    kept = std::move(rest);
    operation.pieces = kept.data();
    operation.piece_count = static_cast<std::uint32_t>(kept.size());
    queued_.push(operation);
}

void IoUringQueue::finish(IoOperation& operation, IoStatus status) {
    if (!remainders_.empty()) remainders_.erase(&operation);
    operation.result = {status, operation.done, operation.done};
    ended_.push(operation);
}

bool IoUringQueue::deliver() {
    if (ended_.empty()) return false;
    // What ends meanwhile is delivered by the next call.
    auto ending = std::exchange(ended_, {});
    while (auto* operation = ending.pop()) operation->deliver(*operation, operation->result);
    return true;
}

}  // namespace tcmud::serving
