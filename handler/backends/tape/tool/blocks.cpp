// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/tool/blocks.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

namespace tcmud::tape {

Result<void> use_key(Transformer& transformer, const std::string& file) {
    auto text = text_of(file, 1024);
    if (!text) return tl::unexpected(text.error());
    TapeEncryption encryption;
    encryption.decrypt = TapeEncryption::Decrypt::mixed;
    const auto wrong = [&] {
        return failure(EINVAL, file + ": a key has 32 bytes, or 64 hexadecimal digits");
    };
    if (text->size() == encryption.key.size()) {
        std::ranges::copy(std::as_bytes(std::span(*text)), encryption.key.begin());
    } else {
        while (!text->empty() && text->back() == '\n') text->pop_back();
        if (text->size() != 2 * encryption.key.size()) return wrong();
        for (std::size_t i = 0; i < encryption.key.size(); ++i) {
            std::uint8_t value = 0;
            const auto* digits = text->data() + 2 * i;
            if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return wrong();
            encryption.key[i] = std::byte{value};
        }
    }
    transformer.set_encryption(encryption);
    return {};
}

Result<std::vector<std::byte>> read_block(Transformer& transformer, Partition& partition,
                                          std::uint64_t object) {
    std::vector<std::byte> stored;
    const auto record = partition.fetch(object, stored);
    if (!record) return tl::unexpected(record.error());
    std::vector<std::byte> block;
    switch (transformer.restore(*record, stored, block)) {
        case TapeStatus::ok: return block;
        case TapeStatus::key_missing:
            return failure(ENOKEY, fmt::format("object {} is encrypted (--key-file)", object));
        case TapeStatus::key_wrong:
            return failure(EKEYREJECTED, fmt::format("object {} is encrypted with another key", object));
        default: return failure(EUCLEAN, fmt::format("object {} is damaged", object));
    }
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
