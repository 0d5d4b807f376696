// SPDX-License-Identifier: Apache-2.0
// Asynchronous I/O as backends see it: operations, their completions, and the queue that their thread
// executes.
#pragma once

#include <chrono>
#include <cstdint>

#include "tcmud/buffers.hpp"
#include "tcmud/once.hpp"
#include "tcmud/units.hpp"

namespace tcmud {

enum class IoStatus : std::uint8_t {
    ok,
    io_error,     // The medium, or the way to it, failed.
    no_space,     // The backing store is full.
    read_only,    // The backing store refuses changes.
    not_ready,    // The backing store is away; later attempts may work.
    unsupported,  // The backing store cannot do this at all.
    miscompare,   // compare_and_write found other data; detail is the offset of the first difference.
    aborted,      // Given up before it began: nothing of it was done.
};

struct IoResult {
    IoStatus status = IoStatus::ok;
    // Bytes moved by a read or write. Fewer than asked, with ok, means that the medium ended there.
    std::uint64_t bytes = 0;
    // Of a failure: where in the operation, in bytes from its start.
    std::uint64_t detail = 0;
};

// Whether a write may be answered from a volatile cache (false), or only once it survives power loss (true).
enum class Stable : bool { no, yes };

namespace serving {
class LoopQueue;
class FileSystem;
}  // namespace serving

// A file that operations are queued on. Made by a backend, used on its serving thread only.
struct IoFile {
    int fd = -1;

    // From here on: notes of the queue, made at the first operation.
    enum class Reading : std::uint8_t {
        plain,    // In memory: reads end at once.
        no_wait,  // The kernel can tell whether a read would have to wait.
        waiting,  // Every read may have to wait.
    };
    Reading reading = Reading::waiting;
    serving::LoopQueue* home = nullptr;
    serving::FileSystem* file_system = nullptr;
};

// The memory of one asynchronous operation, so that queueing allocates nothing and cannot fail. It lives in
// whoever waits for the answer: a command, or the frame of a coroutine.
struct IoOperation {
    enum class Kind : std::uint8_t { read, write, sync, allocate, work };
    // Who holds it, as far as IoQueue knows.
    enum class Place : std::uint8_t {
        elsewhere,  // Not in the queue: a backend has it, or nobody.
        queued,     // Waits for its turn.
        parked,     // Waits for another call on its file system, which does not return.
        call,       // In a system call of a serving thread, `caller`.
        slow_call,  // With the threads for slow calls.
        kernel,     // In an io_uring.
    };

    // Called once with the answer, on the serving thread, never inside the call that queued the operation.
    void (*deliver)(IoOperation&, const IoResult&) = nullptr;

    // From here on: notes of whoever holds the operation at the moment (the queue, a library's wrapper).
    IoOperation* next = nullptr;
    IoFile* file = nullptr;
    const iovec* pieces = nullptr;
    std::uint32_t piece_count = 0;
    Kind kind = Kind::read;
    Stable stable = Stable::no;
    Place place = Place::elsewhere;
    int allocate_mode = 0;
    void (*work)(void*) = nullptr;
    void* context = nullptr;
    int caller = 0;  // A thread's id.
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t done = 0;
    long system_result = 0;
    IoResult result;
    // While the backend has it, of who stands between the two and measures: himself, as what he counts it,
    // since when, and whom he answers then. Nothing of it is the backend's.
    struct Measured {
        void (*deliver)(IoOperation&, const IoResult&) = nullptr;
        void* by = nullptr;
        unsigned as = 0;
        std::chrono::steady_clock::time_point since;
    };
    Measured measured;
};

using Completion = Once<IoOperation, IoResult, IoResult{IoStatus::io_error, 0, 0}>;

// Queued now, executed once per turn of the serving thread. How is the queue's choice, per file and measured.
// Called on the serving thread, except post().
class IoQueue {
public:
    IoQueue() = default;
    IoQueue(const IoQueue&) = delete;
    IoQueue& operator=(const IoQueue&) = delete;
    virtual ~IoQueue() = default;

    // REQUIRES: file and buffers stay valid until done is called.
    virtual void read(IoFile& file, ByteOffset at, Buffers into, Completion done) = 0;
    virtual void write(IoFile& file, ByteOffset at, Buffers from, Stable stable, Completion done) = 0;
    // On ok, what was written before this call survives power loss (fdatasync).
    virtual void sync(IoFile& file, Completion done) = 0;
    // fallocate(2) with its mode.
    virtual void allocate(IoFile& file, int mode, ByteOffset at, ByteCount length, Completion done) = 0;

    // Calls work(context) on a thread that may block: for what is no single call, as opening, cutting,
    // compressing. The file says whose: there are a few threads for each file system, so that one that hangs
    // holds up no other. Always ends ok: what came of it is for the work to say.
    virtual void run(IoFile& file, void (*work)(void*), void* context, Completion done) = 0;

    // Nobody wants the operation any more: if nothing of it has begun, it ends soon, with IoStatus::aborted.
    // What the kernel has goes on.
    virtual void abort(IoOperation& operation) = 0;

    // Any thread: hands an answer over to the serving thread, which delivers it. Neither allocates nor
    // overflows.
    virtual void post(Completion done, IoResult result) = 0;
};

// Answers an operation that was carried out inside of the call that asked for it. A large one is answered a
// little later, so that a job of many of them does not keep its serving thread from all others.
inline void answer_in_turn(IoQueue& queue, Completion done, const IoResult& result) {
    constexpr std::uint64_t large = 1024 * 1024;
    if (result.bytes < large) return std::move(done)(result);
    queue.post(std::move(done), result);
}

}  // namespace tcmud
