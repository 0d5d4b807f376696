// SPDX-License-Identifier: Apache-2.0
// The I/O of one serving thread: what backends queue, and what has ended. How it is executed is the business
// of the two kinds: InlineQueue and IoUringQueue.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "handler/serving/operation_list.hpp"
#include "tcmud/io.hpp"

namespace tcmud::serving {

class SlowCalls;

class LoopQueue : public IoQueue {
public:
    // wake_fd: an eventfd that is written when another thread has something for a sleeping one; not owned.
    LoopQueue(int wake_fd, SlowCalls& slow_calls) : wake_fd_(wake_fd), slow_calls_(slow_calls) {}
    ~LoopQueue() override;

    void read(IoFile& file, ByteOffset at, Buffers into, Completion done) final;
    void write(IoFile& file, ByteOffset at, Buffers from, Stable stable, Completion done) final;
    void sync(IoFile& file, Completion done) final;
    void allocate(IoFile& file, int mode, ByteOffset at, ByteCount length, Completion done) final;
    void run(IoFile& file, void (*work)(void*), void* context, Completion done) final;
    void post(Completion done, IoResult result) final;
    void abort(IoOperation& operation) final;

    // Any thread: an operation of this queue that was executed elsewhere, with what the system call returned
    // (or -errno).
    void give_back(IoOperation& operation, long result);

    // Readable when reap() has something to do; -1 if there is no such descriptor.
    virtual int fd() const { return -1; }
    // Executes what was queued. Nothing is delivered inside. False: the loop belongs to another thread now,
    // and the caller must not touch it.
    [[nodiscard]] virtual bool submit() = 0;
    // Collects what has ended, here and on other threads.
    virtual void reap();
    // Delivers what was collected; what that queues is executed by the next submit(). True: anything was
    // delivered.
    bool deliver();

    // What an operation of this queue waits for, and the thread whose system call that is, or 0.
    struct Whereabouts {
        std::string words;
        pid_t thread = 0;
    };
    Whereabouts whereabouts(const IoOperation& operation) const;

    // Whether something can be done without waiting: queued, or ended and not delivered.
    bool has_work() const { return !queued_.empty() || !ended_.empty(); }
    // Nothing is queued, executed or waiting to be delivered.
    bool idle() const { return unfinished_ == 0 && ended_.empty(); }

protected:
    // How a file is to be treated; called at its first operation.
    virtual void prepare_file(IoFile& file) = 0;
    // Takes back what has not begun, of what this kind of queue keeps. True: it had it.
    virtual bool take_back(const IoOperation&) { return false; }
    // Gives an operation to the threads for slow calls.
    void start_slow_call(IoOperation& operation);
    // An operation's system call has returned: finished, or queued again for the rest.
    void ended(IoOperation& operation, long result);

    int wake_fd() const { return wake_fd_; }

    // It waits for the next submit().
    void queue_again(IoOperation& operation) {
        operation.place = IoOperation::Place::queued;
        queued_.push(operation);
    }

    OperationList queued_;

private:
    void queue(IoOperation& operation, IoOperation::Kind kind, IoFile& file);
    void finish(IoOperation& operation, IoStatus status);
    void continue_behind(IoOperation& operation);

    int wake_fd_;
    SlowCalls& slow_calls_;
    std::size_t unfinished_ = 0;
    OperationList ended_;
    PostedOperations posted_;    // With their results.
    PostedOperations returned_;  // With what their system calls returned.
    // Of operations that were done in part: what is left of their buffers.
    std::unordered_map<IoOperation*, std::vector<iovec>> remainders_;
};

// The system call of an operation, from where it stands, or its work; what it returned, or -errno.
// read_flags: of preadv2.
long call(const IoOperation& operation, int read_flags = 0);
// readv(2) and its kin take no more pieces at a time.
unsigned pieces_at_once(const IoOperation& operation);

}  // namespace tcmud::serving
