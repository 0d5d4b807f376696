// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/partition.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <ctime>

#include <fmt/format.h>

namespace tcmud::tape {

namespace {

tl::unexpected<Error> damaged(std::uint64_t object) {
    return failure(EUCLEAN, fmt::format("object {} is damaged", object));
}

// Of a header that was read whole.
Result<Record> expect(std::span<const std::byte, record_header_size> header, std::uint64_t object) {
    const auto record = decode(header);
    if (!record || record->object != object) return damaged(object);
    return *record;
}

// Later than any pass before: a clock tells even where a power failure took back what was written.
std::uint32_t pass_after(std::uint32_t pass) {
    const auto now = ::time(nullptr);
    const auto by_clock = now > 0 && now < UINT32_MAX ? static_cast<std::uint32_t>(now) : 0;
    return std::max(pass + 1, by_clock);
}

}  // namespace

Partition::Partition(const std::string& directory, const PartitionIdentity& identity,
                     std::uint64_t segment_size, bool writable)
    : segments_(directory, identity, writable),
      index_file_(directory, identity),
      segment_size_(segment_size),
      writable_(writable),
      in_memory_(lies_in_memory(directory)) {}

Result<Partition> Partition::open(const std::string& directory, const PartitionIdentity& identity,
                                  std::uint64_t segment_size, std::uint32_t least_pass, bool writable) {
    if (writable && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
        return system_failure(directory);
    Partition partition(directory, identity, segment_size, writable);
    if (auto recovered = partition.recover(); !recovered) return tl::unexpected(recovered.error());
    partition.tail_.pass = std::max(partition.tail_.pass, least_pass);
    return partition;
}

Result<void> Partition::recover() {
    auto known = index_file_.load();
    if (known && Index::well_formed(known->runs, known->tail.end())) {
        segments_.set_starts(std::move(known->segments));
        if (lies_there(segments_, known->tail)) {
            tail_ = known->tail;
            tail_.synchronized = tail_.object;
            index_ = Index(std::move(known->runs), tail_.end());
        } else {
            known.reset();
        }
    } else {
        known.reset();
    }
    if (!known) {
        index_file_.forget();
        segments_.set_starts({});
        if (auto ours = segments_.check_first(); !ours) return ours;
        tail_ = {};
        tail_.checksum = first_checksum(segments_.identity());
    }
    const auto known_segments = segments_.starts().size();
    const auto rolled = roll_forward(segments_, index_, tail_);
    if (!rolled) return tl::unexpected(rolled.error());
    // Who wrote it may have been killed before it was stable, and who made a file before its name was.
    dirty_ = writable_ && rolled->records != 0;
    if (writable_ && segments_.starts().size() > known_segments) {
        if (auto kept = segments_.synchronize_names(); !kept) return kept;
    }
    recovered_ = *rolled;
    recovered_.without_index = !known && recovered_.records != 0;
    pushed_ = tail_.offset;
    kept_offset_ = known ? known->tail.offset : 0;
    return {};
}

std::optional<Partition::Location> Partition::at_hand(std::uint64_t object) {
    const auto place = index_.find(object);
    auto offset = place.offset;
    if (place.object != object) {
        if (known_object_ != object) return std::nullopt;
        offset = known_offset_;
    }
    const auto number = segments_.segment_of(offset);
    auto* segment = segments_.at_hand(number);
    if (!segment) return std::nullopt;
    const auto& starts = segments_.starts();
    const auto end = number + 1 < starts.size() ? starts[number + 1].offset : tail_.offset;
    return Location{segment,      segments_.place_of(number, offset), offset,
                    place.length, place.kind == Run::Kind::same,      place.transformed,
                    end - offset};
}

Result<Partition::Location> Partition::locate(std::uint64_t object) {
    auto place = index_.find(object);
    // Nearer than where the run begins, if that is known.
    if (place.object != object && known_object_ > place.object && known_object_ <= object) {
        place.object = known_object_;
        place.offset = known_offset_;
    }
    for (;;) {
        const auto number = segments_.segment_of(place.offset);
        const auto segment = segments_.open(number);
        if (!segment) return tl::unexpected(segment.error());
        if (place.object == object) break;
        RecordHeader header{};
        const auto got = read_at((*segment)->file, segments_.place_of(number, place.offset), header);
        if (!got) return tl::unexpected(got.error());
        if (*got != header.size()) return damaged(place.object);
        const auto record = expect(header, place.object);
        if (!record) return tl::unexpected(record.error());
        place.offset += record_size(record->stored_length);
        ++place.object;
    }
    known_object_ = object;
    known_offset_ = place.offset;
    return *at_hand(object);
}

void Partition::passed(const Record& record, std::uint64_t offset) {
    known_object_ = record.object + 1;
    known_offset_ = offset + record_size(record.stored_length);
}

Result<Record> Partition::look(std::uint64_t object) {
    const auto location = locate(object);
    if (!location) return tl::unexpected(location.error());
    return look_at(*location, object);
}

Result<Record> Partition::look_at(const Location& location, std::uint64_t object) {
    RecordHeader header{};
    const auto got = read_at(location.segment->file, location.at, header);
    if (!got) return tl::unexpected(got.error());
    if (*got != header.size()) return damaged(object);
    const auto record = expect(header, object);
    if (record && record_size(record->stored_length) > location.follows) return damaged(object);
    if (record) passed(*record, location.offset);
    return record;
}

Result<Record> Partition::fetch(std::uint64_t object, std::vector<std::byte>& stored) {
    const auto location = locate(object);
    if (!location) return tl::unexpected(location.error());
    const auto record = look_at(*location, object);
    if (!record) return record;
    const auto& file = location->segment->file;
    stored.resize(record->stored_length);
    const auto rest = read_at(file, location->at + record_header_size, stored);
    if (!rest) return tl::unexpected(rest.error());
    if (*rest != stored.size()) return damaged(object);
    return record;
}

std::uint64_t Partition::room() const {
    const auto used = tail_.offset - segments_.starts().back().offset;
    return used >= segment_size_ ? 0 : segment_size_ - used;
}

bool Partition::ready(std::uint64_t bytes) const {
    if (!continuing_) return false;
    // A record that is larger than a segment has one for itself.
    return bytes <= room() || room() == segment_size_;
}

Result<void> Partition::make_ready(std::uint64_t bytes) {
    assert(writable_);
    if (!continuing_) {
        if (tail_.pass == UINT32_MAX)
            return failure(EOVERFLOW, "there is no further pass over this tape: copy what is on it");
        if (auto cut = segments_.cut(tail_.offset); !cut) return cut;
        tail_.pass = pass_after(tail_.pass);
        recovered_.torn_bytes = 0;
        reserved_ = 0;
    }
    if (segments_.starts().empty() || (bytes > room() && room() != segment_size_)) {
        auto made = synchronize().and_then([this] {
            return segments_.create_next({tail_.offset, tail_.object, tail_.file, tail_.checksum},
                                         tail_.pass);
        });
        if (!made) return made;
        reserved_ = 0;
    }
    // The last one may not be open any more.
    const auto opened = segments_.open(segments_.starts().size() - 1);
    if (!opened) return tl::unexpected(opened.error());
    continuing_ = dirty_ = true;
    return {};
}

void Partition::written(const RecordBatch& batch) {
    if (batch.transformed().empty()) {
        index_.append(batch.record(), batch.records());
    } else {
        for (const auto& record : batch.transformed()) index_.append(record);
    }
    tail_ = batch.tail();
    dirty_ = true;
}

Result<void> Partition::write(const RecordBatch& batch) {
    auto put = write_at(tail_segment().file, tail_place(), batch.buffers());
    put ? written(batch) : not_written();
    return put;
}

Result<Partition::Before> Partition::before(std::uint64_t object) {
    if (object == 0) return Before{0, first_checksum(segments_.identity())};
    const auto location = locate(object - 1);
    if (!location) return tl::unexpected(location.error());
    RecordHeader header{};
    const auto got = read_at(location->segment->file, location->at, header);
    if (!got) return tl::unexpected(got.error());
    if (*got != header.size()) return damaged(object - 1);
    const auto record = expect(header, object - 1);
    if (!record) return tl::unexpected(record.error());
    passed(*record, location->offset);
    return Before{location->offset, checksum_of(header)};
}

Result<void> Partition::cut(std::uint64_t object) {
    if (object == tail_.object) return {};
    const auto last = before(object);
    if (!last) return tl::unexpected(last.error());
    const auto location = locate(object);
    if (!location) return tl::unexpected(location.error());
    const auto offset = location->offset;
    // First of all the index must not tell any more, even after a power failure, of what will be overwritten.
    if (auto forgotten = index_file_.cut(object); !forgotten) return forgotten;
    continuing_ = false;
    dirty_ = true;
    index_.cut(object, offset);
    tail_.object = object;
    tail_.file = index_.end().file;
    tail_.offset = offset;
    tail_.last_offset = last->offset;
    tail_.checksum = last->checksum;
    // What was lost behind the last synchronization is cut away with this.
    lost_ = lost_ && object > tail_.synchronized;
    tail_.synchronized = std::min(tail_.synchronized, object);
    known_object_ = known_offset_ = 0;
    pushed_ = std::min(pushed_, offset);
    kept_offset_ = std::min(kept_offset_, offset);
    return segments_.cut(offset);
}

}  // namespace tcmud::tape
