// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/unsynchronized_ranges.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace tcmud::devices {

void UnsynchronizedRanges::resize(ByteCount size) {
    unsigned shift = shift_;
    while ((raw(size) >> shift) >= chunk_limit) ++shift;
    const auto words = ((raw(size) >> shift) + 64) / 64;
    // Coarser chunks: a chunk is dirty if any of those that it joins was.
    std::vector<std::uint64_t> coarser(words);
    for (std::uint64_t chunk = 0; chunk < dirty_.size() * 64; ++chunk) {
        const bool set = (dirty_[chunk / 64] >> chunk % 64 & 1) != 0;
        const auto joined = chunk >> (shift - shift_);
        if (set && joined / 64 < words) coarser[joined / 64] |= std::uint64_t{1} << joined % 64;
    }
    dirty_ = std::move(coarser);
    shift_ = shift;
}

void UnsynchronizedRanges::flush_begins() {
    flushing_ = std::exchange(dirty_, std::vector<std::uint64_t>(dirty_.size()));
}

bool UnsynchronizedRanges::flush_succeeded() {
    flushing_.clear();
    return lost_.empty();
}

void UnsynchronizedRanges::flush_failed() {
    lose(flushing_);
    lose(dirty_);
    flushing_.clear();
    std::ranges::fill(dirty_, 0);
}

void UnsynchronizedRanges::lose(const std::vector<std::uint64_t>& chunks) {
    for (std::size_t word = 0; word < chunks.size(); ++word) {
        for (auto bits = chunks[word]; bits != 0; bits &= bits - 1) {
            const auto chunk = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            lose(chunk << shift_, (chunk + 1) << shift_);
        }
    }
}

void UnsynchronizedRanges::lose(std::uint64_t begin, std::uint64_t end) {
    // Joins what it touches.
    auto next = lost_.upper_bound(begin);
    if (next != lost_.begin()) {
        const auto before = std::prev(next);
        if (before->second >= begin) {
            begin = before->first;
            end = std::max(end, before->second);
            lost_.erase(before);
        }
    }
    while (next != lost_.end() && next->first <= end) {
        end = std::max(end, next->second);
        next = lost_.erase(next);
    }
    lost_[begin] = end;
}

void UnsynchronizedRanges::written_again(std::uint64_t begin, std::uint64_t end) {
    auto at = lost_.upper_bound(begin);
    if (at != lost_.begin()) --at;
    while (at != lost_.end() && at->first < end) {
        const auto [lost_begin, lost_end] = *at;
        if (lost_end <= begin) {
            ++at;
            continue;
        }
        at = lost_.erase(at);
        if (lost_begin < begin) lost_[lost_begin] = begin;
        if (lost_end > end) lost_[end] = lost_end;
    }
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> UnsynchronizedRanges::lost(std::size_t most) const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& range : lost_) {
        if (ranges.size() < most) {
            ranges.push_back(range);
        } else {
            ranges.back().second = range.second;
        }
    }
    return ranges;
}

}  // namespace tcmud::devices
