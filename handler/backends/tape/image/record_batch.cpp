// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/record_batch.hpp"

#include <cassert>

#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

RecordBatch::RecordBatch() : headers_(most_records) {
    pieces_.reserve(3 * most_records);
}

void RecordBatch::begin(const Tail& tail) {
    pieces_.clear();
    transformed_.clear();
    records_ = 0;
    begin_ = tail.offset;
    tail_ = tail;
}

void RecordBatch::add_block(Buffers buffers, ByteCount skip, std::uint32_t length) {
    Record record;
    record.logical_length = record.stored_length = length;
    record.logical_crc = record.stored_crc = crc32c(buffers, skip, ByteCount{length});
    add(record);
    for_each_piece(buffers, skip, ByteCount{length}, [this](std::span<std::byte> piece) {
        pieces_.push_back({piece.data(), piece.size()});
    });
    add_padding();
}

void RecordBatch::add_stored(const Record& how, std::span<const std::byte> stored) {
    add(how);
    transformed_.push_back(last_);
    pieces_.push_back({const_cast<std::byte*>(stored.data()), stored.size()});
    add_padding();
}

void RecordBatch::add_filemark() {
    Record record;
    record.type = RecordType::filemark;
    add(record);
}

void RecordBatch::add(Record record) {
    assert(records_ < most_records);
    record.pass = tail_.pass;
    record.previous = tail_.checksum;
    record.object = tail_.object;
    record.file = tail_.file;
    record.synchronized = tail_.synchronized;
    auto& header = headers_[records_++];
    tail_.checksum = encode(record, header);
    tail_.last_offset = tail_.offset;
    tail_.offset += record_size(record.stored_length);
    tail_.object += 1;
    tail_.file += record.type == RecordType::filemark ? 1 : 0;
    pieces_.push_back({header.data(), header.size()});
    last_ = record;
}

void RecordBatch::add_padding() {
    static constexpr std::array<std::byte, 8> zeros{};
    const auto padding = padding_of(last_.stored_length);
    if (padding != 0) pieces_.push_back({const_cast<std::byte*>(zeros.data()), padding});
}

}  // namespace tcmud::tape
