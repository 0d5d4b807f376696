// SPDX-License-Identifier: Apache-2.0
// How what a partition was given reaches stable storage: a little at a time behind the head, all of it when
// that is asked for.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "handler/backends/tape/image/partition.hpp"

namespace tcmud::tape {

Result<void> Partition::push() {
    auto& segment = tail_segment();
    const auto number = segments_.starts().size() - 1;
    const auto begin = segments_.starts()[number].offset;
    // What a former segment holds was synchronized when this one was made.
    const auto from = std::max(pushed_, begin);
    const auto window = [&](std::uint64_t offset, std::uint64_t length, unsigned flags) {
        // Only an attempt: what failed is told by synchronize().
        ::sync_file_range(segment.file.fd(), static_cast<off64_t>(segments_.place_of(number, offset)),
                          static_cast<off64_t>(length), flags);
    };
    window(from, tail_.offset - from, SYNC_FILE_RANGE_WRITE);
    if (tail_.offset - begin > push_distance + push_window) {
        window(tail_.offset - push_distance - push_window, push_window,
               SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    }
    pushed_ = tail_.offset;
    reserve_space();
    if (tail_.offset - kept_offset_ >= synchronize_distance) return synchronize();
    return {};
}

// Where the file grows into reserved space, a synchronize() has less to write.
void Partition::reserve_space() {
    auto& segment = tail_segment();
    const auto place = tail_place();
    if (reserved_ > place + reserved_ahead / 2) return;
    const auto begin = std::max(reserved_, place);
    // Whether there is so much is told by the write that does not find it.
    if (::fallocate(segment.file.fd(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                    static_cast<off_t>(reserved_ahead)) == 0)
        reserved_ = begin + reserved_ahead;
}

Result<void> Partition::synchronize() {
    if (lost_) return failure(EIO, "what was written before did not reach the store");
    if (!dirty_ || segments_.starts().empty()) return {};
    const auto segment = segments_.open(segments_.starts().size() - 1);
    if (!segment) return tl::unexpected(segment.error());
    if (auto kept = tape::synchronize((*segment)->file); !kept) {
        lost_ = true;
        return kept;
    }
    dirty_ = false;
    tail_.synchronized = tail_.object;
    if (tail_.offset - kept_offset_ >= index_distance || tail_.object - index_file_.known() >= index_objects)
        return keep_index();
    return {};
}

// REQUIRES: all is synchronized.
Result<void> Partition::keep_index() {
    if (index_file_.known() == tail_.object) return {};
    kept_offset_ = tail_.offset;
    // It is only there to save time, and a full file system is no reason to fail.
    const auto kept = index_file_.add(index_, segments_.starts(), tail_);
    if (!kept && kept.error().number != ENOSPC && kept.error().number != EDQUOT) return kept;
    return {};
}

Result<void> Partition::settle() {
    if (!writable_ || segments_.starts().empty()) return {};
    if (auto kept = synchronize(); !kept) return kept;
    if (reserved_ != 0) {
        reserved_ = 0;
        if (auto cut = set_size(tail_segment().file, tail_place()); !cut) return cut;
    }
    return keep_index();
}

}  // namespace tcmud::tape
