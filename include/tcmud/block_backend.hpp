// SPDX-License-Identifier: Apache-2.0
// What a disk is made of: the interface of every backend that stores blocks.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tcmud/buffers.hpp"
#include "tcmud/io.hpp"
#include "tcmud/result.hpp"
#include "tcmud/units.hpp"

namespace tcmud {

// What a backend can do and how it likes to be used. An ability is declared here, never discovered by
// failing.
struct BlockTraits {
    bool read_only = false;
    bool rotational = false;
    bool unmap = false;              // unmap() gives space back.
    bool unmap_reads_zero = false;   // What was unmapped reads as zeros (LBPRZ).
    bool write_zeroes = false;       // write_zeroes() is cheaper than writing zeros.
    bool volatile_cache = true;      // A write with Stable::no may be lost by a power failure until flush().
    ByteCount unmap_granularity{0};  // 0: no preference.
    ByteCount optimal_transfer{0};   // 0: no preference.
    ByteCount physical_block{512};   // A power of two; smaller writes read and write a whole one.
};

// Called on one thread only, its LUN's serving thread, from start() on; made and destroyed on threads that
// may block. It sees byte offsets and buffers; never a CDB, never sense data. Calls may complete while they
// are made (memory) or later; operations queued on IoQueue complete later.
class BlockBackend {
public:
    BlockBackend() = default;
    BlockBackend(const BlockBackend&) = delete;
    BlockBackend& operator=(const BlockBackend&) = delete;
    // REQUIRES: nothing is in flight. May block: it closes what open() opened.
    virtual ~BlockBackend() = default;

    // In bytes; a multiple of the LUN's block size.
    virtual ByteCount size() const = 0;
    virtual BlockTraits traits() const = 0;

    // The descriptor that its I/O is made on through IoQueue, so that it is served by a thread of the kind
    // that suits it; -1: none.
    virtual int file() const { return -1; }

    // Once, before all that follows. The queue outlives the backend's last operation.
    virtual void start(IoQueue& queue) = 0;

    // REQUIRES, of all: [at, at + length) lies within size(); buffers stay valid until done is called.
    virtual void read(ByteOffset at, Buffers into, Completion done) = 0;
    virtual void write(ByteOffset at, Buffers from, Stable stable, Completion done) = 0;
    // On ok, every write completed before this call survives power loss.
    virtual void flush(Completion done) = 0;
    // REQUIRES: traits().unmap. Every byte of the range then reads as zero if traits().unmap_reads_zero,
    // else as before or as zero.
    virtual void unmap(ByteOffset at, ByteCount length, Completion done) = 0;
    // REQUIRES: traits().write_zeroes. Every byte of the range then reads as zero. may_unmap: space may be
    // given back.
    virtual void write_zeroes(ByteOffset at, ByteCount length, bool may_unmap, Completion done) = 0;

    // The administrator says that the LUN has another size now. Called on a thread that may block, while
    // nothing is in flight. On ok, size() is new_size.
    virtual Result<void> resize(ByteCount new_size) = 0;

    // The end of a batch of calls, for libraries that collect before they send.
    virtual void submit() {}
    // A descriptor that is readable while reap() has completions to deliver; nullopt if there is none.
    virtual std::optional<int> event_fd() const { return std::nullopt; }
    virtual void reap() {}

    // Nobody wants one of its operations any more, named by its completion's target: what the backend itself
    // keeps waiting, or has in IoQueue, is ended if nothing of it has begun (IoStatus::aborted). What a
    // kernel or a library may still carry out must go on.
    virtual void abort(IoOperation& /*operation*/) {}
    // What such an operation waits for, for the administrator.
    virtual std::string_view whereabouts(const IoOperation& /*operation*/) const { return "in its backend"; }

    // What the administrator asks of this backend alone (`tcmuctl` sends it), while it is served. Does not
    // block. On ok, what he is shown.
    virtual Result<std::string> control(std::string_view /*command*/) {
        return failure(EOPNOTSUPP, "its backend takes no commands");
    }
    // The LUN is to be closed as soon as nothing is in flight: what the backend keeps waiting on purpose goes
    // on now.
    virtual void closing() {}
};

}  // namespace tcmud
