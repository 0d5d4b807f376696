// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/index_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "handler/backends/tape/image/bytes.hpp"
#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

namespace {

constexpr std::uint64_t index_magic = 0x3158444954504154;  // "TAPTIDX1"
constexpr std::size_t index_header_size = 64;
constexpr std::uint32_t batch_magic = 0x31424354;  // "TCB1"
constexpr std::size_t batch_header_size = 80;
constexpr std::size_t run_size = 24;
constexpr std::size_t segment_size = 32;
constexpr std::size_t batch_checksum_size = 8;

std::array<std::byte, index_header_size> header_of_index(const PartitionIdentity& identity) {
    std::array<std::byte, index_header_size> header{};
    const std::span<std::byte> bytes(header);
    put(bytes, 0, index_magic);
    std::ranges::copy(identity.uuid, header.begin() + 8);
    put(bytes, 24, identity.format);
    put(bytes, 28, identity.number);
    put(bytes, 60, crc32c(bytes.first(60)));
    return header;
}

void put_run(std::span<std::byte> bytes, const Run& run) {
    put(bytes, 0, run.object);
    put(bytes, 8, run.offset);
    put(bytes, 16, run.length);
    put(bytes, 20, static_cast<std::uint8_t>(run.kind));
    put(bytes, 21, static_cast<std::uint8_t>(run.transformed));
    put(bytes, 22, std::uint16_t{0});
}

Run get_run(std::span<const std::byte> bytes) {
    return {get<std::uint64_t>(bytes, 0), get<std::uint64_t>(bytes, 8), get<std::uint32_t>(bytes, 16),
            static_cast<Run::Kind>(get<std::uint8_t>(bytes, 20)), get<std::uint8_t>(bytes, 21) != 0};
}

void put_segment(std::span<std::byte> bytes, const SegmentStart& start) {
    put(bytes, 0, start.offset);
    put(bytes, 8, start.object);
    put(bytes, 16, start.file);
    put(bytes, 24, start.previous);
}

SegmentStart get_segment(std::span<const std::byte> bytes) {
    return {get<std::uint64_t>(bytes, 0), get<std::uint64_t>(bytes, 8), get<std::uint64_t>(bytes, 16),
            get<std::uint32_t>(bytes, 24)};
}

template <class Item>
void replace_from(std::vector<Item>& items, std::size_t first, std::vector<Item>& with) {
    items.resize(first);
    items.insert(items.end(), with.begin(), with.end());
}

}  // namespace

std::vector<std::byte> encode(const IndexBatch& batch) {
    const auto size = batch_header_size + batch.runs.size() * run_size +
                      batch.segments.size() * segment_size + batch_checksum_size;
    std::vector<std::byte> all(size);
    const std::span<std::byte> bytes(all);
    put(bytes, 0, batch_magic);
    put(bytes, 4, static_cast<std::uint32_t>(batch.runs.size()));
    put(bytes, 8, static_cast<std::uint64_t>(batch.first_run));
    put(bytes, 16, static_cast<std::uint32_t>(batch.first_segment));
    put(bytes, 20, static_cast<std::uint32_t>(batch.segments.size()));
    put(bytes, 24, batch.tail.object);
    put(bytes, 32, batch.tail.file);
    put(bytes, 40, batch.tail.offset);
    put(bytes, 48, batch.tail.last_offset);
    put(bytes, 56, batch.tail.synchronized);
    put(bytes, 64, batch.tail.checksum);
    put(bytes, 68, batch.tail.pass);
    auto rest = bytes.subspan(batch_header_size);
    for (const auto& run : batch.runs) {
        put_run(rest, run);
        rest = rest.subspan(run_size);
    }
    for (const auto& segment : batch.segments) {
        put_segment(rest, segment);
        rest = rest.subspan(segment_size);
    }
    put(rest, 0, crc32c(bytes.first(size - batch_checksum_size)));
    return all;
}

std::optional<IndexBatch> decode_batch(std::span<const std::byte> bytes, std::size_t& length) {
    if (bytes.size() < batch_header_size + batch_checksum_size || get<std::uint32_t>(bytes, 0) != batch_magic)
        return std::nullopt;
    const std::size_t runs = get<std::uint32_t>(bytes, 4);
    const std::size_t segments = get<std::uint32_t>(bytes, 20);
    length = batch_header_size + runs * run_size + segments * segment_size + batch_checksum_size;
    if (length > bytes.size()) return std::nullopt;
    if (get<std::uint32_t>(bytes, length - batch_checksum_size) !=
        crc32c(bytes.first(length - batch_checksum_size)))
        return std::nullopt;
    IndexBatch batch;
    batch.first_run = get<std::uint64_t>(bytes, 8);
    batch.first_segment = get<std::uint32_t>(bytes, 16);
    batch.tail = {get<std::uint64_t>(bytes, 24), get<std::uint64_t>(bytes, 32), get<std::uint64_t>(bytes, 40),
                  get<std::uint64_t>(bytes, 48), get<std::uint64_t>(bytes, 56), get<std::uint32_t>(bytes, 64),
                  get<std::uint32_t>(bytes, 68)};
    auto rest = bytes.subspan(batch_header_size);
    for (std::size_t i = 0; i < runs; ++i, rest = rest.subspan(run_size)) batch.runs.push_back(get_run(rest));
    for (std::size_t i = 0; i < segments; ++i, rest = rest.subspan(segment_size))
        batch.segments.push_back(get_segment(rest));
    return batch;
}

IndexFile::IndexFile(std::string directory, const PartitionIdentity& identity)
    : directory_(std::move(directory)), identity_(identity) {}

std::optional<IndexFile::Content> IndexFile::load() {
    const auto file = open_file(directory_ + "/index", O_RDONLY);
    if (!file) return std::nullopt;
    const auto size = size_of(*file);
    if (!size) return std::nullopt;
    std::vector<std::byte> bytes(*size);
    const auto got = read_at(*file, 0, bytes);
    if (!got) return std::nullopt;
    return replay(std::span(bytes).first(*got));
}

std::optional<IndexFile::Content> IndexFile::replay(std::span<const std::byte> bytes) {
    batches_.clear();
    const auto header = header_of_index(identity_);
    if (bytes.size() < header.size() || !std::ranges::equal(bytes.first(header.size()), header))
        return std::nullopt;
    std::size_t at = header.size();
    Content content;
    std::size_t length = 0;
    while (auto batch = decode_batch(bytes.subspan(at), length)) {
        if (batch->first_run > content.runs.size() || batch->first_segment > content.segments.size()) break;
        at += length;
        replace_from(content.runs, batch->first_run, batch->runs);
        replace_from(content.segments, batch->first_segment, batch->segments);
        content.tail = batch->tail;
        batches_.push_back({batch->tail.object, at, content.runs.size(), content.segments.size()});
    }
    if (batches_.empty()) return std::nullopt;
    return content;
}

Result<void> IndexFile::open_for_writing() {
    if (file_) return {};
    auto file = open_file(directory_ + "/index", O_RDWR | O_CREAT);
    if (!file) return tl::unexpected(file.error());
    file_ = std::move(*file);
    // What is behind the last batch that was understood is not.
    if (!batches_.empty()) return set_size(file_, batches_.back().size);
    return set_size(file_, 0).and_then([&] { return write_at(file_, 0, header_of_index(identity_)); });
}

Result<void> IndexFile::add(const Index& index, const std::vector<SegmentStart>& segments, const Tail& tail) {
    if (auto opened = open_for_writing(); !opened) return opened;
    const auto before = batches_.empty() ? BatchEnd{0, index_header_size, 0, 0} : batches_.back();
    IndexBatch batch;
    // The last run may have grown.
    batch.first_run = before.runs == 0 ? 0 : before.runs - 1;
    batch.runs.assign(index.runs().begin() + static_cast<std::ptrdiff_t>(batch.first_run),
                      index.runs().end());
    batch.first_segment = before.segments;
    batch.segments.assign(segments.begin() + static_cast<std::ptrdiff_t>(before.segments), segments.end());
    batch.tail = tail;
    const auto bytes = encode(batch);
    if (auto written = write_at(file_, before.size, bytes); !written) return written;
    batches_.push_back({tail.object, before.size + bytes.size(), index.runs().size(), segments.size()});
    return {};
}

Result<void> IndexFile::cut(std::uint64_t object) {
    if (known() <= object) return {};
    if (auto opened = open_for_writing(); !opened) return opened;
    while (known() > object) batches_.pop_back();
    const auto size = batches_.empty() ? index_header_size : batches_.back().size;
    return set_size(file_, size).and_then([&] { return synchronize(file_); });
}

}  // namespace tcmud::tape
