// SPDX-License-Identifier: Apache-2.0
// Blocks and filemarks on their way to the end of a partition: headers and the host's own memory in one call.
#include <algorithm>
#include <cassert>

#include "handler/backends/tape/tape_drive.hpp"

namespace tcmud::tape {

namespace {

// What ends a tape has room behind its end: a host that met it writes filemarks.
constexpr std::uint64_t room_for_filemarks = 65536;

// Of blocks that are compressed or encrypted before they are written.
constexpr std::size_t transformed_at_once = std::size_t{1} << 20;

}  // namespace

// Behind a filemark, with nothing but filemarks before the end. Software that closes its data with two of
// them appends there, between the two, and drives allow it of WORM too.
bool TapeDrive::among_last_filemarks() const {
    const auto objects_left = partition().tail().object - head_.object;
    const auto filemarks_left = index().filemarks() - head_.file;
    return head_.file > 0 && index().filemark(head_.file - 1) + 1 == head_.object &&
           filemarks_left == objects_left;
}

TapeStatus TapeDrive::may_write() const {
    if (medium_.write_protected) return TapeStatus::write_protected;
    if (medium_.worm && !at_end() && !among_last_filemarks()) return TapeStatus::worm;
    return TapeStatus::ok;
}

TapeStatus TapeDrive::may_erase() const {
    if (medium_.write_protected) return TapeStatus::write_protected;
    return medium_.worm ? TapeStatus::worm : TapeStatus::ok;
}

void TapeDrive::write(Buffers from, std::uint32_t block_length, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (const auto may = may_write(); may != TapeStatus::ok) return finish(may);
    buffers_ = from;
    block_length_ = block_length;
    filemarks_ = false;
    asked_ = raw(total(from)) / block_length;
    write_next();
}

void TapeDrive::write_filemarks(std::uint64_t count, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (const auto may = may_write(); may != TapeStatus::ok) return finish(may);
    block_length_ = 0;
    filemarks_ = true;
    asked_ = count;
    if (count == 0) return finish(TapeStatus::ok);
    write_next();
}

std::uint64_t TapeDrive::most_of_a_record() const {
    if (filemarks_ || !transformer_.transforms()) return record_size(block_length_);
    return record_size(transformer_.most_stored(block_length_));
}

std::uint64_t TapeDrive::capacity() const {
    return raw(cartridge_->cart().partitions[head_.partition].capacity) +
           (filemarks_ ? room_for_filemarks : 0);
}

void TapeDrive::write_next() {
    if (!changed_ || !at_end() || !partition().ready(most_of_a_record()))
        return in_background(&TapeDrive::prepare_writing, &TapeDrive::prepared);
    if (!filemarks_ && transformer_.transforms())
        return in_background(&TapeDrive::transform_batch, &TapeDrive::transformed);
    fill_batch();
    write_batch();
}

void TapeDrive::write_batch() {
    if (batch_.records() == 0) return finish(TapeStatus::end_of_partition);
    queue_->write(partition().tail_segment().io, ByteOffset{partition().tail_place()}, batch_.buffers(),
                  Stable::no, then(&TapeDrive::batch_written));
}

// As many as there are, as fit into the file and the partition, and as one call takes.
void TapeDrive::fill_batch() {
    const auto size = record_size(block_length_);
    const auto room = std::max(partition().room(), size);
    const auto left = asked_ - result_->done;
    batch_.begin(partition().tail());
    while (batch_.records() < std::min<std::uint64_t>(left, RecordBatch::most_records)) {
        if (batch_.tail().offset + size > capacity() || batch_.bytes() + size > room) break;
        if (filemarks_) {
            batch_.add_filemark();
        } else {
            const auto skip = (result_->done + batch_.records()) * block_length_;
            batch_.add_block(buffers_, ByteCount{skip}, block_length_);
        }
    }
}

// The same of blocks that are compressed or encrypted: how many fit is known only then.
void TapeDrive::transform_batch() {
    const auto most = transformer_.most_stored(block_length_);
    const auto room = std::max(partition().room(), record_size(most));
    const auto left = std::min<std::uint64_t>(asked_ - result_->done, RecordBatch::most_records);
    const auto at_once = std::min(left, std::max<std::uint64_t>(transformed_at_once / most, 1));
    stored_.clear();
    stored_.reserve(at_once * most);
    batch_.begin(partition().tail());
    while (batch_.records() < at_once && batch_.bytes() + record_size(most) <= room) {
        const auto begin = stored_.size();
        const auto skip = (result_->done + batch_.records()) * block_length_;
        const auto record =
            transformer_.store(buffers_, ByteCount{skip}, block_length_, batch_.tail().object, stored_);
        if (batch_.tail().offset + record_size(record.stored_length) > capacity()) break;
        batch_.add_stored(record, std::span(stored_).subspan(begin));
    }
}

void TapeDrive::transformed(const IoResult& io) {
    if (io.status != IoStatus::ok) return finish_work(io);
    write_batch();
}

void TapeDrive::prepare_writing() {
    work_ = note_change().and_then([this] { return cut_at_head(); }).and_then([this] {
        return partition().make_ready(most_of_a_record());
    });
}

Result<void> TapeDrive::note_change() {
    if (changed_) return {};
    auto& cart = cartridge_->cart();
    cart.change_reference += 1;
    if (auto saved = cartridge_->save(); !saved) {
        cart.change_reference -= 1;
        return saved;
    }
    changed_ = true;
    return {};
}

Result<void> TapeDrive::cut_at_head() {
    return partition().cut(head_.object);
}

void TapeDrive::prepared(const IoResult& io) {
    if (io.status != IoStatus::ok || !work_) return finish_work(io);
    write_next();
}

void TapeDrive::batch_written(const IoResult& io) {
    if (io.status != IoStatus::ok) {
        if (io.status != IoStatus::aborted) partition().not_written();
        return finish(status_of(io.status));
    }
    partition().written(batch_);
    head_.object += batch_.records();
    head_.file += filemarks_ ? batch_.records() : 0;
    result_->done += batch_.records();
    medium_.written_since_load += batch_.records();
    if (!filemarks_) {
        auto& statistics = cartridge_->cart().statistics;
        const auto bytes = batch_.records() * std::uint64_t{block_length_};
        statistics.written = statistics.written + ByteCount{bytes};
        auto stored = batch_.records() * batch_.record().stored_length;
        if (!batch_.transformed().empty()) {
            stored = 0;
            for (const auto& record : batch_.transformed()) stored += record.stored_length;
        }
        statistics.stored = statistics.stored + ByteCount{stored};
    }
    if (partition().wants_push()) return in_background(&TapeDrive::push, &TapeDrive::pushed);
    pushed({});
}

void TapeDrive::push() {
    work_ = partition().push();
}

void TapeDrive::pushed(const IoResult& io) {
    // These blocks are written: what their synchronization met is told by the next one that is asked for.
    static_cast<void>(io);
    work_ = {};
    if (result_->done == asked_) return finish(TapeStatus::ok);
    write_next();
}

void TapeDrive::synchronize(TapeResult& result, Completion done) {
    begin(result, std::move(done));
    in_background(&TapeDrive::synchronize_all, &TapeDrive::finish_work);
}

void TapeDrive::synchronize_all() {
    if (!cartridge_->writable()) return;
    for (auto& partition : cartridge_->partitions()) {
        if (auto kept = partition.synchronize(); !kept) work_ = std::move(kept);
    }
}

void TapeDrive::erase(TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (const auto may = may_erase(); may != TapeStatus::ok) return finish(may);
    in_background(&TapeDrive::do_erase, &TapeDrive::finish_work);
}

void TapeDrive::do_erase() {
    work_ = note_change().and_then([this] { return cut_at_head(); }).and_then([this] {
        return partition().synchronize();
    });
    if (work_) medium_.written_since_load += 1;
}

}  // namespace tcmud::tape
