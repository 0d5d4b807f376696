// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/exclusive_ranges.hpp"

#include <cassert>

namespace tcmud::devices {

namespace {

bool overlap(const RangeClaim& a, const RangeClaim& b) {
    return raw(a.first) < raw(b.first) + raw(b.count) && raw(b.first) < raw(a.first) + raw(a.count);
}

bool conflict(const RangeClaim& a, const RangeClaim& b) {
    const bool one_is_exclusive =
        a.mode == RangeClaim::Mode::exclusive || b.mode == RangeClaim::Mode::exclusive;
    return one_is_exclusive && overlap(a, b);
}

}  // namespace

ExclusiveRanges::~ExclusiveRanges() {
    assert(!oldest_ && "a command outlives its device");
}

bool ExclusiveRanges::claim(RangeClaim& claim, RangeClaim::Mode mode, Lba first, BlockCount count) {
    assert(!claim.listed);
    claim.first = first;
    claim.count = count;
    claim.mode = mode;
    claim.listed = true;
    claim.next = nullptr;
    claim.previous = youngest_;
    (youngest_ ? youngest_->next : oldest_) = &claim;
    youngest_ = &claim;
    if (mode == RangeClaim::Mode::exclusive) ++exclusive_;
    claim.waiting = exclusive_ != 0 && must_wait(claim);
    if (claim.waiting) ++waiting_;
    return !claim.waiting;
}

// Claims that wait count too, so that an exclusive claim is not overtaken for ever.
bool ExclusiveRanges::must_wait(const RangeClaim& claim) const {
    for (const auto* older = claim.previous; older; older = older->previous) {
        if (conflict(*older, claim)) return true;
    }
    return false;
}

void ExclusiveRanges::unlist(RangeClaim& claim) {
    (claim.previous ? claim.previous->next : oldest_) = claim.next;
    (claim.next ? claim.next->previous : youngest_) = claim.previous;
    claim.previous = claim.next = nullptr;
    claim.listed = false;
    if (claim.mode == RangeClaim::Mode::exclusive) --exclusive_;
}

void ExclusiveRanges::release(RangeClaim& claim) {
    assert(claim.listed && !claim.waiting);
    unlist(claim);
    if (waiting_ != 0) grant_what_can_be();
}

bool ExclusiveRanges::cancel(RangeClaim& claim) {
    if (!claim.listed || !claim.waiting) return false;
    claim.waiting = false;
    --waiting_;
    // It stays listed until it is released, like any that was granted: others may see it as held for that
    // short time.
    claim.granted(claim);
    return true;
}

// A callback may claim, release and free; so the list is walked anew after each.
void ExclusiveRanges::grant_what_can_be() {
    for (auto* claim = oldest_; claim && waiting_ != 0;) {
        if (claim->waiting && !must_wait(*claim)) {
            claim->waiting = false;
            --waiting_;
            claim->granted(*claim);
            claim = oldest_;
        } else {
            claim = claim->next;
        }
    }
}

}  // namespace tcmud::devices
