// SPDX-License-Identifier: Apache-2.0
// Records on their way to the end of a partition: headers, and between them the caller's own memory, as one
// vectored write.
#pragma once

#include <cstdint>
#include <vector>

#include "handler/backends/tape/image/index_file.hpp"
#include "handler/backends/tape/image/record.hpp"
#include "tcmud/buffers.hpp"
#include "tcmud/units.hpp"

namespace tcmud::tape {

class RecordBatch {
public:
    // As much as one call takes, of blocks that lie in one piece.
    static constexpr std::size_t most_records = 340;

    RecordBatch();

    // Behind that tail.
    void begin(const Tail& tail);
    // REQUIRES, of all: there are fewer than most_records, all of them of one kind; blocks as they are have
    // one length. A block as it is: [skip, skip + length) of the buffers, which stay valid.
    void add_block(Buffers buffers, ByteCount skip, std::uint32_t length);
    void add_filemark();
    // A transformed block: its record says how; what is stored of it stays valid.
    void add_stored(const Record& how, std::span<const std::byte> stored);

    std::size_t records() const { return records_; }
    // Of them all but the place, if they are not transformed.
    const Record& record() const { return last_; }
    // Of those that are.
    const std::vector<Record>& transformed() const { return transformed_; }
    // What is written, behind each other, at the old tail.
    Buffers buffers() const { return pieces_; }
    std::uint64_t bytes() const { return tail_.offset - begin_; }
    // The tail that there is then.
    const Tail& tail() const { return tail_; }

private:
    void add(Record record);
    void add_padding();

    std::vector<RecordHeader> headers_;
    std::vector<iovec> pieces_;
    std::size_t records_ = 0;
    std::uint64_t begin_ = 0;
    Record last_;
    std::vector<Record> transformed_;
    Tail tail_;
};

}  // namespace tcmud::tape
