// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/recovery.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

namespace {

// Reads headers that follow each other at any distance, with few calls where they are near.
class HeaderReader {
public:
    explicit HeaderReader(const File& file) : file_(file) {}

    std::optional<Record> record_at(std::uint64_t at) {
        if (at < begin_ || at + record_header_size > begin_ + got_) {
            // What follows near by, or else nothing more than the header.
            const bool near = at >= begin_ && at < begin_ + 4 * buffer_.size();
            begin_ = at;
            const auto wanted = std::span(buffer_).first(near ? buffer_.size() : record_header_size);
            got_ = read_at(file_, at, wanted).value_or(0);
            if (got_ < record_header_size) return std::nullopt;
        }
        header_ = std::span(buffer_).subspan(at - begin_).first<record_header_size>();
        return decode(*header_);
    }
    std::uint32_t checksum() const { return checksum_of(*header_); }

private:
    const File& file_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(16384);
    std::uint64_t begin_ = 0;
    std::size_t got_ = 0;
    std::optional<std::span<const std::byte, record_header_size>> header_;
};

bool continues(const Record& record, const Tail& tail) {
    return record.previous == tail.checksum && record.object == tail.object && record.file == tail.file &&
           record.pass >= tail.pass && record.synchronized <= record.object;
}

// Where the records that were rolled over began, to look at them again.
struct Seen {
    Tail before;
    Record record;
};

class Roller {
public:
    Roller(Segments& segments, Index& index, Tail& tail) : segments_(segments), index_(index), tail_(tail) {}

    Result<Recovered> roll() {
        if (segments_.starts().empty() && !next_segment()) return finish();
        do {
            if (auto rolled = roll_segment(); !rolled) return tl::unexpected(rolled.error());
        } while (next_segment());
        if (auto checked = check_payloads(); !checked) return tl::unexpected(checked.error());
        return finish();
    }

private:
    // Whether the next file continues the records that are there.
    bool next_segment() {
        const auto header = segments_.header_of(segments_.starts().size());
        const SegmentStart expected{tail_.offset, tail_.object, tail_.file, tail_.checksum};
        if (!header || header->start != expected) return false;
        segments_.accept(expected);
        return true;
    }

    Result<void> roll_segment() {
        const auto number = segments_.starts().size() - 1;
        const auto segment = segments_.open(number);
        if (!segment) return tl::unexpected(segment.error());
        const auto size = size_of((*segment)->file);
        if (!size) return tl::unexpected(size.error());
        HeaderReader reader((*segment)->file);
        for (;;) {
            const auto at = segments_.place_of(number, tail_.offset);
            const auto record = reader.record_at(at);
            if (!record || !continues(*record, tail_) || at + record_size(record->stored_length) > *size)
                return {};
            seen_.push_back({tail_, *record});
            if (record->synchronized > synchronized_) forget_synchronized(record->synchronized);
            step_over(*record, reader.checksum());
        }
    }

    void step_over(const Record& record, std::uint32_t checksum) {
        index_.append(record);
        tail_.last_offset = tail_.offset;
        tail_.object += 1;
        tail_.file += record.type == RecordType::filemark ? 1 : 0;
        tail_.offset += record_size(record.stored_length);
        tail_.checksum = checksum;
        tail_.pass = record.pass;
        ++found_.records;
    }

    // What was on stable storage is not looked at again: what is wrong with it now was no torn write.
    void forget_synchronized(std::uint64_t before) {
        synchronized_ = before;
        const auto kept =
            std::ranges::find_if(seen_, [&](const Seen& seen) { return seen.record.object >= before; });
        seen_.erase(seen_.begin(), kept);
    }

    // A power failure may keep a header and lose its data.
    Result<void> check_payloads() {
        for (const auto& seen : seen_) {
            const auto whole = is_whole(seen);
            if (!whole) return tl::unexpected(whole.error());
            if (*whole) continue;
            found_.torn_records = tail_.object - seen.before.object;
            tail_ = seen.before;
            index_.cut(tail_.object, tail_.offset);
            auto starts = segments_.starts();
            while (starts.size() > 1 && starts.back().offset > tail_.offset) starts.pop_back();
            segments_.set_starts(std::move(starts));
            break;
        }
        return {};
    }

    Result<bool> is_whole(const Seen& seen) {
        const auto number = segments_.segment_of(seen.before.offset);
        const auto segment = segments_.open(number);
        if (!segment) return tl::unexpected(segment.error());
        auto at = segments_.place_of(number, seen.before.offset) + record_header_size;
        std::uint64_t left = seen.record.stored_length;
        Crc32c crc;
        while (left != 0) {
            const auto piece = std::span(payload_).first(std::min<std::uint64_t>(left, payload_.size()));
            const auto got = read_at((*segment)->file, at, piece);
            if (!got) return tl::unexpected(got.error());
            if (*got != piece.size()) return false;
            crc.add(piece);
            at += piece.size();
            left -= piece.size();
        }
        return seen.record.stored_length == 0 || crc.value() == seen.record.stored_crc;
    }

    Recovered finish() {
        tail_.synchronized = std::max(tail_.synchronized, std::min(synchronized_, tail_.object));
        found_.torn_bytes = segments_.leftover(tail_.offset);
        return found_;
    }

    Segments& segments_;
    Index& index_;
    Tail& tail_;
    Recovered found_;
    std::uint64_t synchronized_ = 0;
    std::vector<Seen> seen_;
    std::vector<std::byte> payload_ = std::vector<std::byte>(std::size_t{256} * 1024);
};

}  // namespace

Result<Recovered> roll_forward(Segments& segments, Index& index, Tail& tail) {
    return Roller(segments, index, tail).roll();
}

bool lies_there(Segments& segments, const Tail& tail) {
    if (tail.object == 0) return true;
    if (segments.starts().empty() || tail.last_offset >= tail.offset) return false;
    const auto number = segments.segment_of(tail.last_offset);
    const auto segment = segments.open(number);
    if (!segment) return false;
    std::array<std::byte, record_header_size> header{};
    const auto got = read_at((*segment)->file, segments.place_of(number, tail.last_offset), header);
    if (!got || *got != header.size()) return false;
    const auto record = decode(header);
    return record && checksum_of(header) == tail.checksum && record->object + 1 == tail.object &&
           tail.last_offset + record_size(record->stored_length) == tail.offset;
}

}  // namespace tcmud::tape
