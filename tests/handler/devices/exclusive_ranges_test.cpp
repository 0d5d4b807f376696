// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/exclusive_ranges.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::devices;
using Mode = RangeClaim::Mode;

namespace {

struct Claim : RangeClaim {
    Claim() {
        granted = [](RangeClaim& claim) { static_cast<Claim&>(claim).was_granted = true; };
    }
    bool was_granted = false;
};

}  // namespace

TEST_CASE("plain writes overlap as they like") {
    ExclusiveRanges ranges;
    Claim a, b;
    CHECK(ranges.claim(a, Mode::shared, Lba{0}, BlockCount{10}));
    CHECK(ranges.claim(b, Mode::shared, Lba{5}, BlockCount{10}));
    ranges.release(a);
    ranges.release(b);
}

TEST_CASE("an exclusive range waits for those that overlap it, and others for it") {
    ExclusiveRanges ranges;
    Claim plain, exclusive, behind, elsewhere;
    CHECK(ranges.claim(plain, Mode::shared, Lba{0}, BlockCount{10}));
    CHECK_FALSE(ranges.claim(exclusive, Mode::exclusive, Lba{9}, BlockCount{2}));
    CHECK_FALSE(ranges.claim(behind, Mode::shared, Lba{10}, BlockCount{1}));
    CHECK(ranges.claim(elsewhere, Mode::shared, Lba{11}, BlockCount{5}));
    ranges.release(plain);
    CHECK(exclusive.was_granted);
    CHECK_FALSE(behind.was_granted);
    ranges.release(exclusive);
    CHECK(behind.was_granted);
    ranges.release(behind);
    ranges.release(elsewhere);
}

TEST_CASE("neighbours don't overlap") {
    ExclusiveRanges ranges;
    Claim a, b;
    CHECK(ranges.claim(a, Mode::exclusive, Lba{0}, BlockCount{10}));
    CHECK(ranges.claim(b, Mode::exclusive, Lba{10}, BlockCount{10}));
    ranges.release(a);
    ranges.release(b);
}

TEST_CASE("a wait that is cancelled ends, and those behind it go on") {
    ExclusiveRanges ranges;
    Claim first, cancelled, last;
    CHECK(ranges.claim(first, Mode::shared, Lba{0}, BlockCount{1}));
    CHECK_FALSE(ranges.claim(cancelled, Mode::exclusive, Lba{0}, BlockCount{2}));
    CHECK_FALSE(ranges.claim(last, Mode::shared, Lba{1}, BlockCount{1}));
    CHECK(ranges.cancel(cancelled));
    CHECK(cancelled.was_granted);
    CHECK_FALSE(ranges.cancel(first));
    if (cancelled.claimed()) ranges.release(cancelled);
    CHECK(last.was_granted);
    ranges.release(first);
    ranges.release(last);
}
