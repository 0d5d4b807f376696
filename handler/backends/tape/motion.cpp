// SPDX-License-Identifier: Apache-2.0
// Where the head stands and where it goes: arithmetic on the index, without a call.
#include <algorithm>
#include <cassert>

#include "handler/backends/tape/tape_drive.hpp"

namespace tcmud::tape {

namespace {

// |count|, also of the least number that there is.
std::uint64_t magnitude(std::int64_t count) {
    return count < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(count)
                     : static_cast<std::uint64_t>(count);
}

struct Move {
    TapeStatus status = TapeStatus::ok;
    std::uint64_t object = 0;  // Where the head ends.
    std::uint64_t done = 0;
};

Move forward_over_blocks(const Index& index, const TapePosition& head, std::uint64_t count) {
    const bool marked = head.file < index.filemarks();
    const auto stop = marked ? index.filemark(head.file) : index.end().object;
    const auto there = stop - head.object;
    if (count <= there) return {TapeStatus::ok, head.object + count, count};
    if (marked) return {TapeStatus::filemark, stop + 1, there};
    return {TapeStatus::end_of_data, stop, there};
}

Move back_over_blocks(const Index& index, const TapePosition& head, std::uint64_t count) {
    const bool marked = head.file > 0;
    const auto stop = marked ? index.filemark(head.file - 1) + 1 : 0;
    const auto there = head.object - stop;
    if (count <= there) return {TapeStatus::ok, head.object - count, count};
    if (marked) return {TapeStatus::filemark, stop - 1, there};
    return {TapeStatus::beginning_of_partition, 0, there};
}

Move forward_over_filemarks(const Index& index, const TapePosition& head, std::uint64_t count) {
    const auto there = index.filemarks() - head.file;
    if (count <= there) return {TapeStatus::ok, index.filemark(head.file + count - 1) + 1, count};
    return {TapeStatus::end_of_data, index.end().object, there};
}

Move back_over_filemarks(const Index& index, const TapePosition& head, std::uint64_t count) {
    if (count <= head.file) return {TapeStatus::ok, index.filemark(head.file - count), count};
    return {TapeStatus::beginning_of_partition, 0, head.file};
}

}  // namespace

void TapeDrive::stand_at(std::uint64_t object) {
    head_.object = object;
    head_.file = index().filemarks_before(object);
}

bool TapeDrive::in_last(ByteCount zone) const {
    const auto capacity = raw(cartridge_->cart().partitions[head_.partition].capacity);
    const auto before = index().estimate(head_.object);
    return before >= capacity || capacity - before <= raw(zone);
}

void TapeDrive::space(TapeSpacing over, std::int64_t count, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (count == 0) return finish(TapeStatus::ok);
    const auto much = magnitude(count);
    const bool blocks = over == TapeSpacing::blocks;
    const auto move = count > 0 ? (blocks ? forward_over_blocks(index(), head_, much)
                                          : forward_over_filemarks(index(), head_, much))
                                : (blocks ? back_over_blocks(index(), head_, much)
                                          : back_over_filemarks(index(), head_, much));
    stand_at(move.object);
    result_->done = move.done;
    finish(move.status);
}

void TapeDrive::space_to_end(TapeResult& result, Completion done) {
    begin(result, std::move(done));
    stand_at(partition().tail().object);
    finish(TapeStatus::ok);
}

void TapeDrive::locate(std::uint32_t partition, std::uint64_t object, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (partition >= cartridge_->partitions().size()) return finish(TapeStatus::unsupported);
    head_.partition = partition;
    const auto end = index().end().object;
    stand_at(std::min(object, end));
    finish(object <= end ? TapeStatus::ok : TapeStatus::end_of_data);
}

void TapeDrive::locate_file(std::uint32_t partition, std::uint64_t file, TapeResult& result,
                            Completion done) {
    begin(result, std::move(done));
    if (partition >= cartridge_->partitions().size()) return finish(TapeStatus::unsupported);
    head_.partition = partition;
    const bool there = file <= index().filemarks();
    stand_at(file == 0 ? 0 : there ? index().filemark(file - 1) + 1 : index().end().object);
    finish(there ? TapeStatus::ok : TapeStatus::end_of_data);
}

void TapeDrive::resume(const TapePosition& position, bool cut, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (position.partition >= cartridge_->partitions().size()) return finish(TapeStatus::unsupported);
    head_.partition = position.partition;
    const auto end = index().end().object;
    stand_at(std::min(position.object, end));
    if (position.object > end) return finish(TapeStatus::end_of_data);
    if (!cut || at_end()) return finish(TapeStatus::ok);
    if (!cartridge_->writable()) return finish(TapeStatus::write_protected);
    in_background(&TapeDrive::resume_by_cutting, &TapeDrive::finish_work);
}

void TapeDrive::resume_by_cutting() {
    work_ = partition().cut(head_.object);
}

}  // namespace tcmud::tape
