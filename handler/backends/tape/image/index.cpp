// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/index.hpp"

#include <algorithm>
#include <cassert>

namespace tcmud::tape {

Index::Index(std::vector<Run> runs, const End& end) : runs_(std::move(runs)), end_(end) {
    filemarks_.reserve(end.file);
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (runs_[i].kind != Run::Kind::filemarks) continue;
        const auto next = i + 1 < runs_.size() ? runs_[i + 1].object : end_.object;
        for (auto object = runs_[i].object; object < next; ++object) filemarks_.push_back(object);
    }
}

bool Index::well_formed(std::span<const Run> runs, const End& end) {
    std::uint64_t object = 0;
    std::uint64_t offset = 0;
    std::uint64_t files = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto& run = runs[i];
        const bool last = i + 1 == runs.size();
        const auto next = last ? end.object : runs[i + 1].object;
        const auto next_offset = last ? end.offset : runs[i + 1].offset;
        if (run.object != object || run.offset != offset || next <= object || next_offset <= offset)
            return false;
        const auto count = next - object;
        if (run.kind > Run::Kind::filemarks) return false;
        if (run.kind == Run::Kind::mixed &&
            (count > most_mixed || next_offset - offset < count * record_header_size))
            return false;
        // By division: a product of such numbers may be anything.
        if (run.stride() != 0 &&
            ((next_offset - offset) / run.stride() != count || (next_offset - offset) % run.stride() != 0))
            return false;
        if (run.kind == Run::Kind::filemarks) files += count;
        object = next;
        offset = next_offset;
    }
    return object == end.object && offset == end.offset && files == end.file;
}

void Index::append(const Record& record, std::uint64_t count) {
    if (count == 0) return;
    if (record.type == RecordType::filemark) {
        append_filemarks(count);
    } else {
        append_blocks(record, count);
    }
    end_.object += count;
    end_.offset += count * record_size(record.stored_length);
}

void Index::append_filemarks(std::uint64_t count) {
    if (runs_.empty() || runs_.back().kind != Run::Kind::filemarks)
        runs_.push_back({end_.object, end_.offset, 0, Run::Kind::filemarks, false});
    for (std::uint64_t i = 0; i < count; ++i) filemarks_.push_back(end_.object + i);
    end_.file += count;
}

void Index::append_blocks(const Record& record, std::uint64_t count) {
    const bool plain = !record.transformed();
    if (!runs_.empty() && runs_.back().kind != Run::Kind::filemarks) {
        auto& last = runs_.back();
        if (last.kind == Run::Kind::same && plain && last.length == record.logical_length) return;
        const auto there = end_.object - last.object;
        const bool fits =
            last.kind == Run::Kind::mixed ? there < most_mixed && (last.transformed || plain) : there == 1;
        if (fits && count == 1) {
            last.kind = Run::Kind::mixed;
            last.transformed = last.transformed || !plain;
            last.length = 0;
            return;
        }
    }
    assert(plain || count == 1);
    runs_.push_back({end_.object, end_.offset, plain ? record.logical_length : 0,
                     plain ? Run::Kind::same : Run::Kind::mixed, !plain});
}

void Index::cut(std::uint64_t object, std::uint64_t offset) {
    assert(object <= end_.object);
    while (!runs_.empty() && runs_.back().object >= object) runs_.pop_back();
    end_ = {object, filemarks_before(object), offset};
    filemarks_.resize(end_.file);
}

std::size_t Index::run_of(std::uint64_t object) const {
    assert(object < end_.object);
    const auto behind = std::ranges::upper_bound(runs_, object, {}, &Run::object);
    return static_cast<std::size_t>(behind - runs_.begin()) - 1;
}

Index::Place Index::find(std::uint64_t object) const {
    const auto& run = runs_[run_of(object)];
    if (run.stride() == 0) return {run.object, run.offset, run.kind, run.transformed, 0};
    return {object, run.offset + (object - run.object) * run.stride(), run.kind, false, run.length};
}

std::uint64_t Index::estimate(std::uint64_t object) const {
    if (object >= end_.object) return end_.offset;
    const auto i = run_of(object);
    const auto& run = runs_[i];
    if (run.stride() != 0) return run.offset + (object - run.object) * run.stride();
    const auto next = i + 1 < runs_.size() ? runs_[i + 1].object : end_.object;
    const auto next_offset = i + 1 < runs_.size() ? runs_[i + 1].offset : end_.offset;
    return run.offset + (next_offset - run.offset) / (next - run.object) * (object - run.object);
}

std::uint64_t Index::same_from(std::uint64_t object) const {
    const auto i = run_of(object);
    if (runs_[i].kind != Run::Kind::same) return 0;
    return (i + 1 < runs_.size() ? runs_[i + 1].object : end_.object) - object;
}

std::uint64_t Index::filemarks_before(std::uint64_t object) const {
    return static_cast<std::uint64_t>(std::ranges::lower_bound(filemarks_, object) - filemarks_.begin());
}

}  // namespace tcmud::tape
