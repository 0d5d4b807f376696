// SPDX-License-Identifier: Apache-2.0
// Remembers which data a failed flush may have lost.
//
// After a failed fsync the kernel forgets which pages it could not write: the next one succeeds and proves
// nothing. So a LUN keeps its own record. What was written since the last good flush is dirty, in coarse
// chunks; a failed flush turns it into lost; flushes go on failing until every lost byte was written again
// and a flush succeeded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tcmud/units.hpp"

namespace tcmud::devices {

class UnsynchronizedRanges {
public:
    // 1 KiB of bits, whatever the size.
    static constexpr std::size_t chunk_limit = 8192;

    explicit UnsynchronizedRanges(ByteCount size) { resize(size); }
    // Everything recorded is kept.
    void resize(ByteCount size);

    // A write has ended that may be in a volatile cache still. (While it runs, a flush does not cover it.)
    void written(ByteOffset at, ByteCount length) {
        if (raw(length) == 0) return;
        const auto first = raw(at) >> shift_;
        const auto last = (raw(at) + raw(length) - 1) >> shift_;
        for (auto chunk = first; chunk <= last; ++chunk) dirty_[chunk / 64] |= std::uint64_t{1} << chunk % 64;
        if (!lost_.empty()) written_again(raw(at), raw(at) + raw(length));
    }

    // A flush begins: it covers what is dirty now. REQUIRES: one at a time.
    void flush_begins();
    // It ended well. Whether the data written before it began is safe: not, while something older is lost.
    bool flush_succeeded();
    // It failed, or a stable write did: what the kernel had in its cache may be gone, written before or
    // since.
    void flush_failed();

    bool anything_lost() const { return !lost_.empty(); }
    // From begin to end, in bytes. No more than `most` ranges: the last one then holds all that is left, and
    // what lies between.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> lost(std::size_t most) const;
    // What a predecessor says is lost.
    void lose_again(std::uint64_t begin, std::uint64_t end) {
        if (begin < end) lose(begin, end);
    }

private:
    void written_again(std::uint64_t begin, std::uint64_t end);
    void lose(const std::vector<std::uint64_t>& chunks);
    void lose(std::uint64_t begin, std::uint64_t end);

    unsigned shift_ = 12;
    std::vector<std::uint64_t> dirty_;
    std::vector<std::uint64_t> flushing_;
    std::map<std::uint64_t, std::uint64_t> lost_;  // begin → end, in bytes; disjoint.
};

}  // namespace tcmud::devices
