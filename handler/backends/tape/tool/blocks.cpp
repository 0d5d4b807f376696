// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/tool/blocks.hpp"

#include <cerrno>

#include <fmt/format.h>

#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

Result<std::vector<std::byte>> read_block(Partition& partition, std::uint64_t object) {
    std::vector<std::byte> stored;
    const auto record = partition.fetch(object, stored);
    if (!record) return tl::unexpected(record.error());
    if (crc32c(stored) != record->stored_crc)
        return failure(EUCLEAN, fmt::format("object {} is damaged", object));
    return stored;
}

FileExtent file_extent(const Partition& partition, std::uint64_t number) {
    const auto& index = partition.index();
    return {number == 0 ? 0 : index.filemark(number - 1) + 1,
            number < index.filemarks() ? index.filemark(number) : index.end().object};
}

Result<Appender> Appender::begin(Cartridge& cartridge, std::uint32_t partition) {
    if (cartridge.write_protected()) return failure(EROFS, "the cartridge is write-protected");
    cartridge.cart().change_reference += 1;
    if (auto saved = cartridge.save(); !saved) return tl::unexpected(saved.error());
    return Appender(cartridge, partition);
}

Result<void> Appender::write(std::uint64_t bytes) {
    if (partition_->tail().offset + bytes > capacity_) return failure(ENOSPC, "the partition is full");
    return partition_->make_ready(bytes);
}

Result<void> Appender::add_block(std::span<const std::byte> block) {
    if (auto ready = write(record_size(block.size())); !ready) return ready;
    const iovec piece{const_cast<std::byte*>(block.data()), block.size()};
    batch_.begin(partition_->tail());
    batch_.add_block({&piece, 1}, ByteCount{0}, static_cast<std::uint32_t>(block.size()));
    if (auto written = partition_->write(batch_); !written) return written;
    auto& statistics = cartridge_->cart().statistics;
    statistics.written = statistics.written + ByteCount{block.size()};
    statistics.stored = statistics.stored + ByteCount{block.size()};
    return partition_->wants_push() ? partition_->push() : Result<void>{};
}

Result<void> Appender::add_filemark() {
    if (auto ready = write(record_header_size); !ready) return ready;
    batch_.begin(partition_->tail());
    batch_.add_filemark();
    return partition_->write(batch_);
}

Result<void> Appender::end() {
    return cartridge_->settle();
}

}  // namespace tcmud::tape
