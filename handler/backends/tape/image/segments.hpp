// SPDX-License-Identifier: Apache-2.0
// The files that the records of a partition lie in, one after the other: 00000000.seg, 00000001.seg, …
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "handler/backends/tape/image/cart_file.hpp"
#include "handler/backends/tape/image/file.hpp"
#include "tcmud/io.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

// What makes data those of this partition, and of no other or former one.
struct PartitionIdentity {
    Uuid uuid{};
    std::uint32_t format = 0;
    std::uint32_t number = 0;
    bool operator==(const PartitionIdentity&) const = default;
};

// What stands for the checksum of a record before the first.
std::uint32_t first_checksum(const PartitionIdentity& identity);

// Where a segment begins.
struct SegmentStart {
    std::uint64_t offset = 0;  // Bytes of all records before.
    std::uint64_t object = 0;
    std::uint64_t file = 0;
    std::uint32_t previous = 0;  // The checksum of the record before.
    bool operator==(const SegmentStart&) const = default;
};

struct SegmentHeader {
    PartitionIdentity identity;
    std::uint32_t number = 0;
    std::uint32_t pass = 0;
    SegmentStart start;
    bool operator==(const SegmentHeader&) const = default;
};

// Records begin behind it, at a page.
constexpr std::size_t segment_header_size = 4096;

void encode(const SegmentHeader& header, std::span<std::byte, segment_header_size> bytes);
std::optional<SegmentHeader> decode_segment(std::span<const std::byte, segment_header_size> bytes);

struct OpenSegment {
    std::size_t number = 0;
    File file;
    IoFile io;
};

class Segments {
public:
    Segments(std::string directory, const PartitionIdentity& identity, bool writable)
        : directory_(std::move(directory)), identity_(identity), writable_(writable) {}

    const std::string& directory() const { return directory_; }
    const PartitionIdentity& identity() const { return identity_; }
    const std::vector<SegmentStart>& starts() const { return starts_; }
    void set_starts(std::vector<SegmentStart> starts) { starts_ = std::move(starts); }
    // The one that a record at that offset lies in. REQUIRES: there is one.
    std::size_t segment_of(std::uint64_t offset) const;
    // Where in its file.
    std::uint64_t place_of(std::size_t segment, std::uint64_t offset) const {
        return segment_header_size + (offset - starts_[segment].offset);
    }

    // nullptr: it would have to be opened.
    OpenSegment* at_hand(std::size_t segment);
    // From here on calls that block. EUCLEAN: it is not the one that is known. Valid until another one is
    // opened.
    Result<OpenSegment*> open(std::size_t segment);
    // Whether the first file, if there is one, can be taken for the beginning of this partition, or of a
    // former one of this cartridge: what else there may be is not ours to overwrite.
    Result<void> check_first();
    // The header of a file that may be missing, or anything: nullopt if it is none of this partition.
    std::optional<SegmentHeader> header_of(std::size_t segment);
    // Takes the next file to be a segment: it was found to continue the last one.
    void accept(const SegmentStart& start) { starts_.push_back(start); }
    // Its name survives power loss then. REQUIRES: so does all that is in the one before.
    Result<void> create_next(const SegmentStart& start, std::uint32_t pass);
    // The names of all files, and of the directory, survive power loss then.
    Result<void> synchronize_names();
    // What lies behind the offset is gone, in all files.
    Result<void> cut(std::uint64_t offset);
    Result<void> remove_all();
    // Bytes of files behind that offset, which are no records.
    std::uint64_t leftover(std::uint64_t offset);

private:
    std::string name_of(std::size_t segment) const;
    Result<void> remove_from(std::size_t segment);

    std::string directory_;
    PartitionIdentity identity_;
    bool writable_;
    std::vector<SegmentStart> starts_;
    // The last one, and another that is read.
    std::array<std::unique_ptr<OpenSegment>, 2> open_;
};

}  // namespace tcmud::tape
