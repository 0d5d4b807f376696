// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/segments.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "handler/backends/tape/image/bytes.hpp"
#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

namespace {

constexpr std::uint64_t segment_magic = 0x4745535544'4d4354;  // "TCMDUSEG"
constexpr std::uint32_t segment_version = 1;
constexpr std::size_t segment_fields = 84;  // Then their checksum.

void put_identity(std::span<std::byte> bytes, std::size_t at, const PartitionIdentity& identity) {
    std::ranges::copy(identity.uuid, bytes.begin() + static_cast<std::ptrdiff_t>(at));
    put(bytes, at + 16, identity.format);
    put(bytes, at + 20, identity.number);
}

std::optional<SegmentHeader> read_header(const File& file) {
    std::array<std::byte, segment_header_size> bytes{};
    const auto got = read_at(file, 0, bytes);
    if (!got || *got != bytes.size()) return std::nullopt;
    return decode_segment(bytes);
}

}  // namespace

std::uint32_t first_checksum(const PartitionIdentity& identity) {
    std::array<std::byte, 24> bytes{};
    put_identity(bytes, 0, identity);
    return crc32c(bytes);
}

void encode(const SegmentHeader& header, std::span<std::byte, segment_header_size> bytes) {
    std::ranges::fill(bytes, std::byte{0});
    put(std::span<std::byte>(bytes), 0, segment_magic);
    put(std::span<std::byte>(bytes), 8, segment_version);
    put_identity(bytes, 12, header.identity);
    put(std::span<std::byte>(bytes), 36, header.number);
    put(std::span<std::byte>(bytes), 40, header.pass);
    put(std::span<std::byte>(bytes), 44, header.start.previous);
    put(std::span<std::byte>(bytes), 48, header.start.offset);
    put(std::span<std::byte>(bytes), 56, header.start.object);
    put(std::span<std::byte>(bytes), 64, header.start.file);
    put(std::span<std::byte>(bytes), segment_fields, crc32c(bytes.first<segment_fields>()));
}

std::optional<SegmentHeader> decode_segment(std::span<const std::byte, segment_header_size> all) {
    const std::span<const std::byte> bytes = all;
    if (get<std::uint64_t>(bytes, 0) != segment_magic || get<std::uint32_t>(bytes, 8) != segment_version)
        return std::nullopt;
    if (get<std::uint32_t>(bytes, segment_fields) != crc32c(all.first<segment_fields>())) return std::nullopt;
    SegmentHeader header;
    std::ranges::copy(bytes.subspan(12, 16), header.identity.uuid.begin());
    header.identity.format = get<std::uint32_t>(bytes, 28);
    header.identity.number = get<std::uint32_t>(bytes, 32);
    header.number = get<std::uint32_t>(bytes, 36);
    header.pass = get<std::uint32_t>(bytes, 40);
    header.start.previous = get<std::uint32_t>(bytes, 44);
    header.start.offset = get<std::uint64_t>(bytes, 48);
    header.start.object = get<std::uint64_t>(bytes, 56);
    header.start.file = get<std::uint64_t>(bytes, 64);
    return header;
}

std::size_t Segments::segment_of(std::uint64_t offset) const {
    assert(!starts_.empty());
    // Most are in the last one.
    if (offset >= starts_.back().offset) return starts_.size() - 1;
    const auto behind = std::ranges::upper_bound(starts_, offset, {}, &SegmentStart::offset);
    return static_cast<std::size_t>(behind - starts_.begin()) - 1;
}

std::string Segments::name_of(std::size_t segment) const {
    return fmt::format("{}/{:08}.seg", directory_, segment);
}

OpenSegment* Segments::at_hand(std::size_t segment) {
    for (const auto& open : open_)
        if (open && open->number == segment) return open.get();
    return nullptr;
}

Result<OpenSegment*> Segments::open(std::size_t segment) {
    if (auto* open = at_hand(segment)) return open;
    auto file = open_file(name_of(segment), writable_ ? O_RDWR : O_RDONLY);
    if (!file) return tl::unexpected(file.error());
    const auto header = read_header(*file);
    if (!header || header->identity != identity_ || header->number != segment ||
        header->start != starts_[segment])
        return failure(EUCLEAN, fmt::format("{}: is another one, or damaged", name_of(segment)));
    auto fresh = std::make_unique<OpenSegment>();
    fresh->number = segment;
    fresh->file = std::move(*file);
    fresh->io.fd = fresh->file.fd();
    auto& slot = open_[segment + 1 >= starts_.size() ? 0 : 1];
    slot = std::move(fresh);
    return slot.get();
}

Result<void> Segments::check_first() {
    const auto file = open_file(name_of(0), O_RDONLY);
    if (!file) {
        if (file.error().number == ENOENT) return {};
        return tl::unexpected(file.error());
    }
    const auto header = read_header(*file);
    if (header && header->identity.uuid != identity_.uuid) {
        return failure(EMEDIUMTYPE, fmt::format("{}: belongs to another cartridge, {}", name_of(0),
                                                text_of(header->identity.uuid)));
    }
    // Without a header there is nothing behind it, if a power failure was the reason.
    if (!header && size_of(*file).value_or(0) > segment_header_size)
        return failure(EUCLEAN, fmt::format("{}: its header is damaged", name_of(0)));
    return {};
}

std::optional<SegmentHeader> Segments::header_of(std::size_t segment) {
    const auto file = open_file(name_of(segment), O_RDONLY);
    if (!file) return std::nullopt;
    const auto header = read_header(*file);
    if (!header || header->identity != identity_ || header->number != segment) return std::nullopt;
    return header;
}

Result<void> Segments::create_next(const SegmentStart& start, std::uint32_t pass) {
    const auto number = starts_.size();
    const auto file = open_file(name_of(number), O_RDWR | O_CREAT | O_TRUNC);
    if (!file) return tl::unexpected(file.error());
    std::array<std::byte, segment_header_size> bytes{};
    encode({identity_, static_cast<std::uint32_t>(number), pass, start}, bytes);
    auto written = write_at(*file, 0, bytes).and_then([&] { return synchronize(*file); }).and_then([&] {
        return number == 0 ? synchronize_names() : synchronize_directory(directory_);
    });
    if (!written) return written;
    starts_.push_back(start);
    for (auto& slot : open_)
        if (slot && slot->number == number) slot.reset();
    return open(number).map([](OpenSegment*) {});
}

Result<void> Segments::synchronize_names() {
    return synchronize_directory(directory_).and_then([&] { return synchronize_name(directory_); });
}

Result<void> Segments::remove_from(std::size_t segment) {
    auto last = segment;
    while (::access(name_of(last).c_str(), F_OK) == 0) ++last;
    // From the end: what is left is a tape without a gap, whenever this ends.
    for (auto number = last; number > segment; --number) {
        if (::unlink(name_of(number - 1).c_str()) != 0) return system_failure(name_of(number - 1));
    }
    for (auto& slot : open_)
        if (slot && slot->number >= segment) slot.reset();
    starts_.resize(std::min(starts_.size(), segment));
    return {};
}

Result<void> Segments::cut(std::uint64_t offset) {
    if (starts_.empty()) return remove_from(0);
    const auto last = segment_of(offset);
    if (auto removed = remove_from(last + 1); !removed) return removed;
    const auto segment = open(last);
    if (!segment) return tl::unexpected(segment.error());
    const auto size = size_of((*segment)->file);
    if (!size) return tl::unexpected(size.error());
    if (*size <= place_of(last, offset)) return {};
    return set_size((*segment)->file, place_of(last, offset));
}

Result<void> Segments::remove_all() {
    return remove_from(0);
}

std::uint64_t Segments::leftover(std::uint64_t offset) {
    std::uint64_t bytes = 0;
    struct stat status {};
    const auto first = starts_.empty() ? 0 : starts_.size() - 1;
    for (auto number = first; ::stat(name_of(number).c_str(), &status) == 0; ++number) {
        const auto size = static_cast<std::uint64_t>(status.st_size);
        const auto kept = number < starts_.size() ? place_of(number, offset) : 0;
        if (size > kept) bytes += size - kept;
    }
    return bytes;
}

}  // namespace tcmud::tape
