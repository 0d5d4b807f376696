// SPDX-License-Identifier: Apache-2.0
// An index on its way to the next opening: a file that batches of runs are appended to, at moments when all
// that they tell of is on stable storage. Where it is missing or wrong, the records themselves are read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "handler/backends/tape/image/file.hpp"
#include "handler/backends/tape/image/index.hpp"
#include "handler/backends/tape/image/segments.hpp"

namespace tcmud::tape {

// Where the last record of a partition is, and what the next one must know of it.
struct Tail {
    std::uint64_t object = 0;
    std::uint64_t file = 0;
    std::uint64_t offset = 0;
    std::uint64_t last_offset = 0;  // Of the last record; meaningless before the first.
    std::uint64_t synchronized = 0;
    std::uint32_t checksum = 0;
    std::uint32_t pass = 0;

    Index::End end() const { return {object, file, offset}; }
    bool operator==(const Tail&) const = default;
};

// What a batch adds: runs and segments from those numbers on, which replace what was there.
struct IndexBatch {
    std::size_t first_run = 0;
    std::vector<Run> runs;
    std::size_t first_segment = 0;
    std::vector<SegmentStart> segments;
    Tail tail;
};

std::vector<std::byte> encode(const IndexBatch& batch);
// The batch at the front of the bytes, and how many of them it takes.
std::optional<IndexBatch> decode_batch(std::span<const std::byte> bytes, std::size_t& length);

class IndexFile {
public:
    struct Content {
        std::vector<Run> runs;
        std::vector<SegmentStart> segments;
        Tail tail;
    };

    IndexFile(std::string directory, const PartitionIdentity& identity);

    // All that follow block. What the file tells; nullopt: nothing. It is not changed.
    std::optional<Content> load();
    // What it told is wrong: it begins anew.
    void forget() { batches_.clear(); }
    // What is new since the last batch.
    Result<void> add(const Index& index, const std::vector<SegmentStart>& segments, const Tail& tail);
    // It tells of nothing from that object on, even after power loss.
    Result<void> cut(std::uint64_t object);
    // Until when it tells.
    std::uint64_t known() const { return batches_.empty() ? 0 : batches_.back().object; }

private:
    // Behind each batch.
    struct BatchEnd {
        std::uint64_t object;
        std::uint64_t size;
        std::size_t runs;
        std::size_t segments;
    };

    std::optional<Content> replay(std::span<const std::byte> bytes);
    Result<void> open_for_writing();

    std::string directory_;
    PartitionIdentity identity_;
    File file_;
    std::vector<BatchEnd> batches_;
};

}  // namespace tcmud::tape
