// SPDX-License-Identifier: Apache-2.0
// Blocks for the tests of cartridges, written and read by the plainest means.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "handler/backends/tape/image/cartridge.hpp"
#include "handler/backends/tape/image/crc32c.hpp"
#include "handler/backends/tape/image/partition.hpp"

namespace tcmud::test {

using Bytes = std::vector<std::byte>;

inline constexpr tape::PartitionIdentity identity{{std::byte{7}}, 1, 0};
inline constexpr std::uint64_t whole = std::uint64_t{1} << 40;

// Another content for every seed.
inline Bytes block(std::size_t size, unsigned seed) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 5 + i / 253 + seed * 31 + 1);
    return bytes;
}

template <class T>
T need(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline tape::Partition open_partition(const std::filesystem::path& directory, std::uint64_t segment = whole,
                                      bool writable = true) {
    return need(tape::Partition::open(directory.string(), identity, segment, 0, writable));
}

inline void append(tape::Partition& partition, const Bytes& data) {
    tape::RecordBatch batch;
    need(partition.make_ready(tape::record_size(data.size())));
    batch.begin(partition.tail());
    const iovec piece{const_cast<std::byte*>(data.data()), data.size()};
    batch.add_block({&piece, 1}, ByteCount{0}, static_cast<std::uint32_t>(data.size()));
    need(partition.write(batch));
}

inline void append_filemark(tape::Partition& partition) {
    tape::RecordBatch batch;
    need(partition.make_ready(tape::record_header_size));
    batch.begin(partition.tail());
    batch.add_filemark();
    need(partition.write(batch));
}

// A block as it was written; nothing, if it cannot be read so.
inline Bytes read(tape::Partition& partition, std::uint64_t object) {
    Bytes stored;
    const auto record = partition.fetch(object, stored);
    if (!record || record->type != tape::RecordType::block || tape::crc32c(stored) != record->logical_crc)
        return {};
    return stored;
}

inline bool contains(std::span<const std::byte> bytes, std::span<const std::byte> part) {
    return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

inline Bytes content(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

inline void set_content(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace tcmud::test
