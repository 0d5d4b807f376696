// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/loop_queue.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "handler/serving/slow_calls.hpp"

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

std::string call_name(const IoOperation& operation) {
    switch (operation.kind) {
        case Kind::read: return "read";
        case Kind::write: return "write";
        case Kind::sync: return "fdatasync";
        case Kind::allocate: return "fallocate";
        case Kind::work: return "several calls";
    }
    return {};
}

long read_call(const IoOperation& operation, off_t at, int flags) {
    const int fd = operation.file->fd;
    // The plain call is the cheapest, and cheaper still without glibc's point of cancellation.
    if (flags == 0 && operation.piece_count == 1)
        return ::syscall(SYS_pread64, fd, operation.pieces->iov_base, operation.pieces->iov_len, at);
    return ::preadv2(fd, operation.pieces, static_cast<int>(pieces_at_once(operation)), at, flags);
}

long write_call(const IoOperation& operation, off_t at) {
    const int fd = operation.file->fd;
    if (operation.stable == Stable::no && operation.piece_count == 1)
        return ::syscall(SYS_pwrite64, fd, operation.pieces->iov_base, operation.pieces->iov_len, at);
    return ::pwritev2(fd, operation.pieces, static_cast<int>(pieces_at_once(operation)), at,
                      operation.stable == Stable::yes ? RWF_DSYNC : 0);
}

}  // namespace

unsigned pieces_at_once(const IoOperation& operation) {
    return std::min<std::uint32_t>(operation.piece_count, IOV_MAX);
}

long call(const IoOperation& operation, int read_flags) {
    const auto at = static_cast<off_t>(operation.offset + operation.done);
    long result = 0;
    switch (operation.kind) {
        case Kind::read: result = read_call(operation, at, read_flags); break;
        case Kind::write: result = write_call(operation, at); break;
        case Kind::sync: result = ::fdatasync(operation.file->fd); break;
        case Kind::allocate:
            result = ::fallocate(operation.file->fd, operation.allocate_mode, at,
                                 static_cast<off_t>(operation.length));
            break;
        case Kind::work: operation.work(operation.context); break;
    }
    return result < 0 ? -errno : result;
}

// Its last operation has come back, but who brought it may be about to wake us.
LoopQueue::~LoopQueue() {
    slow_calls_.settle();
}

void LoopQueue::queue(IoOperation& operation, Kind kind, IoFile& file) {
    operation.kind = kind;
    operation.file = &file;
    operation.done = 0;
    if (!file.home) {
        file.home = this;
        prepare_file(file);
    }
    ++unfinished_;
    queue_again(operation);
}

void LoopQueue::read(IoFile& file, ByteOffset at, Buffers into, Completion done) {
    auto& operation = *std::move(done).release();
    operation.pieces = into.data();
    operation.piece_count = static_cast<std::uint32_t>(into.size());
    operation.offset = raw(at);
    operation.length = raw(total(into));
    queue(operation, Kind::read, file);
}

void LoopQueue::write(IoFile& file, ByteOffset at, Buffers from, Stable stable, Completion done) {
    auto& operation = *std::move(done).release();
    operation.pieces = from.data();
    operation.piece_count = static_cast<std::uint32_t>(from.size());
    operation.offset = raw(at);
    operation.length = raw(total(from));
    operation.stable = stable;
    queue(operation, Kind::write, file);
}

void LoopQueue::sync(IoFile& file, Completion done) {
    queue(*std::move(done).release(), Kind::sync, file);
}

void LoopQueue::allocate(IoFile& file, int mode, ByteOffset at, ByteCount length, Completion done) {
    auto& operation = *std::move(done).release();
    operation.allocate_mode = mode;
    operation.offset = raw(at);
    operation.length = raw(length);
    queue(operation, Kind::allocate, file);
}

void LoopQueue::run(IoFile& file, void (*work)(void*), void* context, Completion done) {
    auto& operation = *std::move(done).release();
    operation.work = work;
    operation.context = context;
    queue(operation, Kind::work, file);
}

void LoopQueue::start_slow_call(IoOperation& operation) {
    operation.place = IoOperation::Place::slow_call;
    slow_calls_.start(operation);
}

void LoopQueue::post(Completion done, IoResult result) {
    auto& operation = *std::move(done).release();
    operation.result = result;
    if (posted_.push(operation)) ::eventfd_write(wake_fd_, 1);
}

void LoopQueue::give_back(IoOperation& operation, long result) {
    operation.system_result = result;
    if (returned_.push(operation)) ::eventfd_write(wake_fd_, 1);
}

void LoopQueue::abort(IoOperation& operation) {
    // One that was carried out in part cannot be said not to have begun.
    if (operation.place == IoOperation::Place::elsewhere || operation.done != 0) return;
    const bool slow = operation.place == IoOperation::Place::slow_call;
    if (slow ? slow_calls_.cancel(operation) : queued_.remove(operation) || take_back(operation))
        finish(operation, IoStatus::aborted);
}

LoopQueue::Whereabouts LoopQueue::whereabouts(const IoOperation& operation) const {
    using Place = IoOperation::Place;
    const auto in_call = [&] { return "in a system call on its file (" + call_name(operation) + ")"; };
    switch (operation.place) {
        case Place::elsewhere: break;
        case Place::queued: return {"in the queue of its serving thread"};
        case Place::parked: return {"behind another call on its file system, which does not return"};
        case Place::call: return {in_call(), operation.caller};
        case Place::slow_call:
            if (const auto thread = slow_calls_.thread_of(operation)) return {in_call(), thread};
            return {"behind other calls on its file system (" + call_name(operation) + ")"};
        case Place::kernel: return {"in the kernel, by io_uring (" + call_name(operation) + ")"};
    }
    return {"in its backend"};
}

void LoopQueue::reap() {
    for (auto* operation = posted_.take(); operation;)
        ended_.push(*std::exchange(operation, operation->next));
    for (auto* operation = returned_.take(); operation;) {
        auto& returned = *std::exchange(operation, operation->next);
        ended(returned, returned.system_result);
    }
}

void LoopQueue::ended(IoOperation& operation, long result) {
    if (result == -EINTR || result == -EAGAIN) return queue_again(operation);
    if (result < 0) return finish(operation, status_of(static_cast<int>(-result)));
    if (operation.kind != Kind::read && operation.kind != Kind::write) return finish(operation, IoStatus::ok);
    operation.done += static_cast<std::uint64_t>(result);
    // A read that moves nothing has met the end; a write that moves nothing will not move more.
    if (operation.done == operation.length || (result == 0 && operation.kind == Kind::read)) {
        return finish(operation, IoStatus::ok);
    }
    if (result == 0) return finish(operation, IoStatus::io_error);
    continue_behind(operation);
}

void LoopQueue::continue_behind(IoOperation& operation) {
    const auto left = operation.length - operation.done;
    const Buffers before{operation.pieces, operation.piece_count};
    auto rest = slice(before, total(before) - ByteCount{left}, ByteCount{left});
    auto& kept = remainders_[&operation];
    kept = std::move(rest);
    operation.pieces = kept.data();
    operation.piece_count = static_cast<std::uint32_t>(kept.size());
    queue_again(operation);
}

void LoopQueue::finish(IoOperation& operation, IoStatus status) {
    if (!remainders_.empty()) remainders_.erase(&operation);
    --unfinished_;
    operation.place = IoOperation::Place::elsewhere;
    operation.result = {status, operation.done, operation.done};
    ended_.push(operation);
}

bool LoopQueue::deliver() {
    if (ended_.empty()) return false;
    // What ends meanwhile is delivered by the next call.
    auto ending = std::exchange(ended_, {});
    while (auto* operation = ending.pop()) {
        const auto result = operation->result;  // The operation may be gone before its result was used.
        operation->deliver(*operation, result);
    }
    return true;
}

}  // namespace tcmud::serving
