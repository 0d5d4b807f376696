// SPDX-License-Identifier: Apache-2.0
// Blocks on their way to the host: header and block in one call, the block into the host's own memory.
#include <algorithm>
#include <cassert>

#include "handler/backends/tape/image/crc32c.hpp"
#include "handler/backends/tape/tape_drive.hpp"

namespace tcmud::tape {

namespace {

// Between two looks of whoever waits for a long verification.
constexpr std::uint64_t verified_at_once = std::uint64_t{64} << 20;

}  // namespace

void TapeDrive::read(Buffers into, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (at_end()) return finish(TapeStatus::end_of_data);
    if (at_filemark()) {
        head_ = {head_.partition, head_.object + 1, head_.file + 1};
        return finish(TapeStatus::filemark);
    }
    buffers_ = into;
    if (const auto location = partition().at_hand(head_.object)) return read_block(*location);
    in_background(&TapeDrive::locate_block, &TapeDrive::block_located);
}

void TapeDrive::locate_block() {
    const auto located = partition().locate(head_.object);
    if (!located) work_ = tl::unexpected(located.error());
}

void TapeDrive::block_located(const IoResult& io) {
    if (io.status != IoStatus::ok) return finish(status_of(io.status));
    if (!work_) {
        // A header that cannot be read is not the end: the host may go on behind it.
        const auto status = status_of(work_);
        if (status == TapeStatus::corrupt) head_.object += 1;
        return finish(status);
    }
    read_block(*partition().at_hand(head_.object));
}

void TapeDrive::read_block(const Partition::Location& location) {
    if (location.transformed || transformer_.encryption().decrypt == TapeEncryption::Decrypt::on)
        return in_background(&TapeDrive::restore_block, &TapeDrive::block_restored);
    const auto room = raw(total(buffers_));
    const auto there = location.same ? location.length : location.follows - record_header_size;
    pieces_.clear();
    pieces_.push_back({header_.data(), header_.size()});
    for_each_piece(buffers_, ByteCount{0}, ByteCount{std::min(room, there)},
                   [this](std::span<std::byte> piece) {
                       pieces_.push_back({piece.data(), piece.size()});
                   });
    expected_offset_ = location.offset;
    queue_->read(location.segment->io, ByteOffset{location.at}, pieces_, then(&TapeDrive::block_read));
}

void TapeDrive::block_read(const IoResult& io) {
    if (io.status != IoStatus::ok) return finish(status_of(io.status));
    const auto record = decode(header_);
    const auto object = head_.object;
    head_.object += 1;
    if (io.bytes < header_.size() || !record || record->object != object ||
        record->type != RecordType::block || record->transformed())
        return finish(TapeStatus::corrupt);
    partition().passed(*record, expected_offset_);
    const std::uint64_t length = record->logical_length;
    const auto room = raw(total(buffers_));
    if (io.bytes - header_.size() < std::min(length, room)) return finish(TapeStatus::corrupt);
    // Of a block that is longer than its buffers, the rest would have to be read to know.
    if (length <= room && crc32c(buffers_, ByteCount{0}, ByteCount{length}) != record->logical_crc)
        return finish(TapeStatus::corrupt);
    deliver(*record);
}

// It is in the buffers, as far as there is room.
void TapeDrive::deliver(const Record& record) {
    result_->bytes = std::min<std::uint64_t>(record.logical_length, raw(total(buffers_)));
    result_->block_length = record.logical_length;
    result_->done = 1;
    auto& statistics = cartridge_->cart().statistics;
    statistics.read = statistics.read + ByteCount{result_->bytes};
    statistics.fetched = statistics.fetched + ByteCount{record.stored_length};
    finish(TapeStatus::ok);
}

void TapeDrive::restore_block() {
    const auto record = partition().fetch(head_.object, stored_);
    if (!record) {
        work_ = tl::unexpected(record.error());
        return;
    }
    restored_ = *record;
    work_status_ = record->type == RecordType::block ? transformer_.restore(*record, stored_, block_)
                                                     : TapeStatus::corrupt;
    if (work_status_ == TapeStatus::ok) copy_to(buffers_, ByteCount{0}, block_);
}

void TapeDrive::block_restored(const IoResult& io) {
    const auto status = io.status != IoStatus::ok ? status_of(io.status)
                        : work_                   ? work_status_
                                                  : status_of(work_);
    // Where only the key is wrong, another one may read the same block.
    if (status == TapeStatus::ok || status == TapeStatus::corrupt) head_.object += 1;
    if (status != TapeStatus::ok) return finish(status);
    deliver(restored_);
}

void TapeDrive::verify(std::uint64_t blocks, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    asked_ = blocks;
    if (blocks == 0) return finish(TapeStatus::ok);
    in_background(&TapeDrive::verify_some, &TapeDrive::verified_some);
}

void TapeDrive::verify_some() {
    for (std::uint64_t bytes = 0; bytes < verified_at_once && result_->done < asked_;) {
        work_status_ = verify_one(bytes);
        if (work_status_ != TapeStatus::ok) return;
        result_->done += 1;
    }
}

TapeStatus TapeDrive::verify_one(std::uint64_t& bytes) {
    if (at_end()) return TapeStatus::end_of_data;
    if (at_filemark()) {
        head_ = {head_.partition, head_.object + 1, head_.file + 1};
        return TapeStatus::filemark;
    }
    const auto record = partition().fetch(head_.object, stored_);
    if (!record && record.error().number != EUCLEAN) return TapeStatus::io_error;
    head_.object += 1;
    if (!record || crc32c(stored_) != record->stored_crc) return TapeStatus::corrupt;
    bytes += record_size(record->stored_length);
    return TapeStatus::ok;
}

void TapeDrive::verified_some(const IoResult& io) {
    if (io.status != IoStatus::ok || work_status_ != TapeStatus::ok || result_->done == asked_)
        return finish_work(io);
    in_background(&TapeDrive::verify_some, &TapeDrive::verified_some);
}

void TapeDrive::look_at_next(TapeNext& next, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    next = {};
    next_ = &next;
    if (at_end()) return finish(TapeStatus::ok);
    if (at_filemark()) {
        next.kind = TapeNext::Kind::filemark;
        return finish(TapeStatus::ok);
    }
    next.kind = TapeNext::Kind::block;
    in_background(&TapeDrive::look_at_block, &TapeDrive::finish_work);
}

void TapeDrive::look_at_block() {
    const auto record = partition().fetch(head_.object, stored_);
    if (!record) {
        work_ = tl::unexpected(record.error());
        return;
    }
    next_->encrypted = record->encrypted;
    if (record->encrypted) transformer_.describe(stored_, *next_);
}

}  // namespace tcmud::tape
