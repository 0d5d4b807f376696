// SPDX-License-Identifier: Apache-2.0
// One partition of a cartridge: its records in segments, the index of them, and its end, where it is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "handler/backends/tape/image/index.hpp"
#include "handler/backends/tape/image/index_file.hpp"
#include "handler/backends/tape/image/record_batch.hpp"
#include "handler/backends/tape/image/recovery.hpp"
#include "handler/backends/tape/image/segments.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

// Used by one thread at a time. What may block says so.
class Partition {
public:
    // Blocks. The directory need not be there yet. segment_size: bytes of records in each file.
    static Result<Partition> open(const std::string& directory, const PartitionIdentity& identity,
                                  std::uint64_t segment_size, std::uint32_t least_pass, bool writable);

    const Index& index() const { return index_; }
    const Tail& tail() const { return tail_; }
    const Recovered& recovered() const { return recovered_; }

    // Reading. Valid until another object is located.
    struct Location {
        OpenSegment* segment = nullptr;
        std::uint64_t at = 0;  // Of the header, in the segment's file.
        std::uint64_t offset = 0;
        std::uint32_t length = 0;   // Of the block, if `same`.
        bool same = false;          // Of a block that is one of the same: it is stored as it is.
        bool transformed = false;   // It may be compressed or encrypted.
        std::uint64_t follows = 0;  // Bytes of records from there on, in this file.
    };
    // nullopt: a call would have to be made that may block. REQUIRES, of both: the object is before the end.
    std::optional<Location> at_hand(std::uint64_t object);
    // Blocks. EUCLEAN: a header on the way there is damaged.
    Result<Location> locate(std::uint64_t object);
    // The record of an object was seen, at that offset: the next one is behind it.
    void passed(const Record& record, std::uint64_t offset);
    // Blocks: the record alone. EUCLEAN: it is none, or not that one's.
    Result<Record> look(std::uint64_t object);
    // Blocks: the record, and what is stored of it, unchecked. EUCLEAN: it is none, or not that one's.
    Result<Record> fetch(std::uint64_t object, std::vector<std::byte>& stored);

    // Writing, at the end. Whether a batch of so many bytes can be written there now, into tail_segment().
    bool ready(std::uint64_t bytes) const;
    // Blocks: makes it so.
    Result<void> make_ready(std::uint64_t bytes);
    OpenSegment& tail_segment() { return *segments_.at_hand(segments_.starts().size() - 1); }
    // Where in its file.
    std::uint64_t tail_place() const {
        return segments_.place_of(segments_.starts().size() - 1, tail_.offset);
    }
    // How many bytes of records fit into the file that is written; 0: no more.
    std::uint64_t room() const;
    // Blocks: writes a batch that begins at the tail. REQUIRES: ready(its bytes).
    Result<void> write(const RecordBatch& batch);
    // Who writes by other means: all of it is in the file.
    void written(const RecordBatch& batch);
    // Not all of it is, and none of it counts.
    void not_written() { continuing_ = false; }
    // So much was written since that it is time for push().
    bool wants_push() const { return !in_memory_ && tail_.offset - pushed_ >= push_window; }
    // Blocks, about as long as the store needs for a window: begins to write back what was written last, and
    // sees to it that what was written long before is.
    Result<void> push();

    // Blocks. On ok all that was written survives power loss.
    Result<void> synchronize();
    // Blocks. That object, and all behind it, is gone; after the next synchronize() for ever.
    Result<void> cut(std::uint64_t object);
    // Blocks. Everything is synchronized, the index is kept, no space is held for more.
    Result<void> settle();

private:
    Partition(const std::string& directory, const PartitionIdentity& identity, std::uint64_t segment_size,
              bool writable);

    Result<void> recover();
    Result<Record> look_at(const Location& location, std::uint64_t object);
    // Of the record before an object.
    struct Before {
        std::uint64_t offset;
        std::uint32_t checksum;
    };
    Result<Before> before(std::uint64_t object);
    Result<void> keep_index();
    void reserve_space();

    static constexpr std::uint64_t push_window = std::uint64_t{16} << 20;
    // What a synchronize() may find unwritten.
    static constexpr std::uint64_t push_distance = 3 * push_window;
    // Without a synchronize() by anybody, one is made.
    static constexpr std::uint64_t synchronize_distance = std::uint64_t{256} << 20;
    static constexpr std::uint64_t reserved_ahead = std::uint64_t{64} << 20;
    // Once so much was written since the index was kept, a synchronize() keeps it again.
    static constexpr std::uint64_t index_distance = std::uint64_t{16} << 20;
    static constexpr std::uint64_t index_objects = 4096;

    Segments segments_;
    IndexFile index_file_;
    Index index_;
    Tail tail_;
    Recovered recovered_;
    std::uint64_t segment_size_;
    bool writable_;
    bool in_memory_;
    bool continuing_ = false;   // What is written next follows what was written last.
    bool dirty_ = false;        // Something was changed since synchronize().
    bool lost_ = false;         // Something did not reach the store. The kernel tells that only once.
    std::uint64_t pushed_ = 0;  // Offsets.
    std::uint64_t kept_offset_ = 0;
    std::uint64_t reserved_ = 0;  // Of the last segment's file.
    // The offset of an object that follows one that was seen.
    std::uint64_t known_object_ = 0;
    std::uint64_t known_offset_ = 0;
};

}  // namespace tcmud::tape
