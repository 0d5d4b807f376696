// SPDX-License-Identifier: Apache-2.0
// How blocks are stored that are not stored as they are: compressed, encrypted, or both in this order. All
// calls compute for a while; none waits.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "handler/backends/tape/image/cipher.hpp"
#include "handler/backends/tape/image/record.hpp"
#include "tcmud/buffers.hpp"
#include "tcmud/tape_backend.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace tcmud::tape {

enum class CompressionLevel : std::uint8_t { off, fast, standard };

// As administrators write them, by CompressionLevel.
inline constexpr std::array<std::string_view, 3> compression_levels{"off", "fast", "default"};
// REQUIRES: word is one of them.
constexpr CompressionLevel compression_level(std::string_view word) {
    return static_cast<CompressionLevel>(std::ranges::find(compression_levels, word) -
                                         compression_levels.begin());
}

class Transformer {
public:
    Transformer();
    ~Transformer();

    void set_compression(CompressionLevel level);
    void set_encryption(const TapeEncryption& encryption);
    const TapeEncryption& encryption() const { return encryption_; }

    // Whether blocks are to be transformed at all.
    bool transforms() const { return level_ != CompressionLevel::off || encrypts(); }
    // What a block takes at most.
    std::size_t most_stored(std::size_t length) const;

    // A block, [skip, skip + length) of the buffers, for that object: appended to `stored`, which has room
    // for most_stored(length) without moving. Returns how it is stored.
    Record store(Buffers buffers, ByteCount skip, std::uint32_t length, std::uint64_t object,
                 std::vector<std::byte>& stored);

    // ok: `block` is what the host wrote. corrupt, key_missing, key_wrong, not_encrypted: as TapeStatus says.
    TapeStatus restore(const Record& record, std::span<const std::byte> stored,
                       std::vector<std::byte>& block);
    // Of an encrypted block.
    void describe(std::span<const std::byte> stored, TapeNext& next);

private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
        void operator()(ZSTD_DCtx_s* context) const;
    };

    bool encrypts() const { return encryption_.encrypt == TapeEncryption::Encrypt::on; }
    bool worth_trying();
    // The size that the block has then; 0: it does not pay.
    std::size_t compress(std::span<const std::byte> block, std::span<std::byte> into);
    void encrypt(Record& record, std::span<const std::byte> data, std::vector<std::byte>& stored);
    TapeStatus decrypt(const Record& record, std::span<const std::byte> stored);

    CompressionLevel level_ = CompressionLevel::off;
    TapeEncryption encryption_;
    Cipher cipher_;
    std::unique_ptr<ZSTD_CCtx_s, Free> compressor_;
    std::unique_ptr<ZSTD_DCtx_s, Free> decompressor_;
    std::vector<std::byte> whole_;       // A block in one piece.
    std::vector<std::byte> compressed_;  // Or decrypted.
    // Blocks one after the other that did not become smaller, and how many were not tried since.
    unsigned in_vain_ = 0;
    unsigned skipped_ = 0;
};

}  // namespace tcmud::tape
