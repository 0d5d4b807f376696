// SPDX-License-Identifier: Apache-2.0
// Which blocks of a LUN are being changed, so that a compound command can have a range to itself.
#pragma once

#include <cstddef>

#include "tcmud/units.hpp"

namespace tcmud::devices {

// One command's claim to a range. Lives in the command, which neither moves nor dies while it is claimed.
struct RangeClaim {
    enum class Mode : unsigned char {
        shared,     // Plain writes: overlap each other as they like.
        exclusive,  // Overlaps nothing.
    };

    bool claimed() const { return listed; }

    // Called when the range is ours, if it was not at once.
    void (*granted)(RangeClaim&) = nullptr;
    void* owner = nullptr;

    // Of ExclusiveRanges.
    Lba first{};
    BlockCount count{};
    Mode mode = Mode::shared;
    bool waiting = false;
    bool listed = false;
    RangeClaim* previous = nullptr;
    RangeClaim* next = nullptr;
};

// First come, first served among claims that overlap; claims that don't never wait for each other. While
// nobody has an exclusive claim, a shared one costs a few instructions. Of one thread.
class ExclusiveRanges {
public:
    ExclusiveRanges() = default;
    ExclusiveRanges(const ExclusiveRanges&) = delete;
    ExclusiveRanges& operator=(const ExclusiveRanges&) = delete;
    ~ExclusiveRanges();

    // True: the range is ours now. False: claim.granted is called when it is.
    bool claim(RangeClaim& claim, RangeClaim::Mode mode, Lba first, BlockCount count);
    // Gives the range back; others may be granted theirs inside of this call.
    void release(RangeClaim& claim);
    // Whether a release may grant something inside of itself.
    bool anybody_waits() const { return waiting_ != 0; }
    // Ends the wait of a claim that was not granted; granted is called for it as if it were. True if it
    // waited.
    bool cancel(RangeClaim& claim);

private:
    bool must_wait(const RangeClaim& claim) const;
    void unlist(RangeClaim& claim);
    void grant_what_can_be();

    RangeClaim* oldest_ = nullptr;
    RangeClaim* youngest_ = nullptr;
    std::size_t exclusive_ = 0;
    std::size_t waiting_ = 0;
};

}  // namespace tcmud::devices
