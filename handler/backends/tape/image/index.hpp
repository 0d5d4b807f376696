// SPDX-License-Identifier: Apache-2.0
// Where each object of a partition lies, in memory: runs of records of one length, so that a position among
// millions is found by a binary search and a multiplication.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "handler/backends/tape/image/record.hpp"

namespace tcmud::tape {

// Records one after the other. Offsets count the bytes of all records of the partition: segments and their
// headers are not in them.
struct Run {
    enum class Kind : std::uint8_t {
        same,   // Blocks of one length, stored as they are.
        mixed,  // Blocks of any length, most_mixed at most.
        filemarks
    };
    std::uint64_t object = 0;  // The first.
    std::uint64_t offset = 0;
    std::uint32_t length = 0;  // Of each block, if they are the same.
    Kind kind = Kind::same;
    bool transformed = false;  // Compressed or encrypted ones, too, in a mixed run.

    // What records of a run take; 0: each something else.
    std::uint64_t stride() const {
        return kind == Kind::mixed ? 0 : record_size(kind == Kind::same ? length : 0);
    }
    bool operator==(const Run&) const = default;
};

class Index {
public:
    // Who looks for a block in a mixed run reads as many headers.
    static constexpr std::uint64_t most_mixed = 64;

    struct End {
        std::uint64_t object = 0;
        std::uint64_t file = 0;
        std::uint64_t offset = 0;
        bool operator==(const End&) const = default;
    };

    Index() = default;
    // Of runs that were kept somewhere. REQUIRES: well_formed(runs, end).
    Index(std::vector<Run> runs, const End& end);
    static bool well_formed(std::span<const Run> runs, const End& end);

    const End& end() const { return end_; }
    const std::vector<Run>& runs() const { return runs_; }

    // What was written behind the end: `count` records of it.
    void append(const Record& record, std::uint64_t count = 1);
    // That object, at that offset, is the end from now on.
    void cut(std::uint64_t object, std::uint64_t offset);

    // Where to look for an object. REQUIRES: it is before the end.
    struct Place {
        std::uint64_t object = 0;  // The last one before it, or itself, whose offset is known ...
        std::uint64_t offset = 0;  // ... which is this.
        Run::Kind kind = Run::Kind::same;
        bool transformed = false;  // It may be.
        std::uint32_t length = 0;  // Of the block, if it is one of the same.
    };
    Place find(std::uint64_t object) const;
    // The same of the end, and otherwise never more than a mixed run wrong: for what is told, not for I/O.
    std::uint64_t estimate(std::uint64_t object) const;

    // How many blocks from that one on are known to have its length, and to be stored as they are.
    std::uint64_t same_from(std::uint64_t object) const;

    std::uint64_t filemarks() const { return end_.file; }
    // Of the filemark of that number, from 0. REQUIRES: it is less than filemarks().
    std::uint64_t filemark(std::uint64_t number) const { return filemarks_[number]; }
    // How many lie before that object.
    std::uint64_t filemarks_before(std::uint64_t object) const;
    bool is_filemark(std::uint64_t object, std::uint64_t file) const {
        return file < filemarks_.size() && filemarks_[file] == object;
    }

private:
    std::size_t run_of(std::uint64_t object) const;
    void append_filemarks(std::uint64_t count);
    void append_blocks(const Record& record, std::uint64_t count);

    std::vector<Run> runs_;
    std::vector<std::uint64_t> filemarks_;
    End end_;
};

}  // namespace tcmud::tape
