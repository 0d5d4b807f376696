// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/transformer.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cassert>

#include <openssl/crypto.h>

#include "handler/backends/tape/image/bytes.hpp"
#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

namespace {

constexpr int fast_level = -3;
constexpr int standard_level = 1;

// After so many blocks that did not become smaller, only one of so many is tried.
constexpr unsigned patience = 8;
constexpr unsigned tried_of = 16;

// A twentieth is not worth that a reader decompresses.
constexpr std::size_t worth(std::size_t length) {
    return length - length / 20;
}

// What the tag covers beside the data: the key-associated data, and which block of which length it is.
std::vector<std::byte> beside(const Envelope& envelope, const Record& record) {
    std::vector<std::byte> bytes(envelope.authenticated.begin(), envelope.authenticated.end());
    bytes.resize(bytes.size() + 16);
    const auto tail = std::span(bytes).last(16);
    put(tail, 0, record.object);
    put(tail, 8, record.logical_length);
    put(tail, 12, static_cast<std::uint32_t>(record.compression));
    return bytes;
}

}  // namespace

void Transformer::Free::operator()(ZSTD_CCtx_s* context) const {
    ::ZSTD_freeCCtx(context);
}
void Transformer::Free::operator()(ZSTD_DCtx_s* context) const {
    ::ZSTD_freeDCtx(context);
}

Transformer::Transformer() = default;

Transformer::~Transformer() {
    ::OPENSSL_cleanse(encryption_.key.data(), encryption_.key.size());
}

void Transformer::set_compression(CompressionLevel level) {
    level_ = level;
    in_vain_ = skipped_ = 0;
}

void Transformer::set_encryption(const TapeEncryption& encryption) {
    encryption_ = encryption;
    cipher_.set_key(encryption.key);
}

std::size_t Transformer::most_stored(std::size_t length) const {
    if (!encrypts()) return length;
    return length + Envelope::fixed_size + encryption_.unauthenticated.size() +
           encryption_.authenticated.size() + Envelope::tag_size;
}

bool Transformer::worth_trying() {
    if (level_ == CompressionLevel::off) return false;
    if (in_vain_ < patience) return true;
    skipped_ = (skipped_ + 1) % tried_of;
    return skipped_ == 0;
}

std::size_t Transformer::compress(std::span<const std::byte> block, std::span<std::byte> into) {
    if (!compressor_) compressor_.reset(::ZSTD_createCCtx());
    const auto size =
        ::ZSTD_compressCCtx(compressor_.get(), into.data(), into.size(), block.data(), block.size(),
                            level_ == CompressionLevel::fast ? fast_level : standard_level);
    // There was no more room than is worth it.
    const bool pays = ::ZSTD_isError(size) == 0;
    in_vain_ = pays ? 0 : std::min(in_vain_ + 1, patience);
    return pays ? size : 0;
}

Record Transformer::store(Buffers buffers, ByteCount skip, std::uint32_t length, std::uint64_t object,
                          std::vector<std::byte>& stored) {
    assert(stored.capacity() - stored.size() >= most_stored(length));
    whole_.resize(length);
    copy_from(buffers, skip, whole_);
    Record record;
    record.object = object;
    record.logical_length = length;
    std::span<const std::byte> data = whole_;
    if (worth_trying()) {
        compressed_.resize(worth(length));
        if (const auto size = compress(whole_, compressed_); size != 0) {
            record.compression = Compression::zstd;
            data = std::span(compressed_).first(size);
        }
    }
    const auto begin = stored.size();
    if (encrypts()) {
        encrypt(record, data, stored);
    } else {
        stored.insert(stored.end(), data.begin(), data.end());
    }
    record.stored_length = static_cast<std::uint32_t>(stored.size() - begin);
    record.stored_crc = crc32c(std::span(stored).subspan(begin));
    // The checksum of a secret would tell of it; the tag is the better one.
    record.logical_crc = record.encrypted ? record.stored_crc : crc32c(whole_);
    return record;
}

void Transformer::encrypt(Record& record, std::span<const std::byte> data, std::vector<std::byte>& stored) {
    record.encrypted = true;
    auto envelope = cipher_.next_envelope();
    envelope.unauthenticated = encryption_.unauthenticated;
    envelope.authenticated = encryption_.authenticated;
    const auto begin = stored.size();
    stored.resize(begin + envelope.size() + data.size() + Envelope::tag_size);
    const auto all = std::span(stored).subspan(begin);
    encode(envelope, all);
    const auto secret = all.subspan(envelope.size(), data.size());
    std::ranges::copy(data, secret.begin());
    // It fails only for want of memory, and then there is no going on.
    [[maybe_unused]] const bool done =
        cipher_.encrypt(envelope, beside(envelope, record), secret, all.last<Envelope::tag_size>());
    assert(done);
}

TapeStatus Transformer::decrypt(const Record& record, std::span<const std::byte> stored) {
    using Decrypt = TapeEncryption::Decrypt;
    if (encryption_.decrypt != Decrypt::on && encryption_.decrypt != Decrypt::mixed)
        return TapeStatus::key_missing;
    const auto envelope = decode_envelope(stored);
    if (!envelope) return TapeStatus::corrupt;
    if (!cipher_.fits(*envelope)) return TapeStatus::key_wrong;
    const auto secret =
        stored.subspan(envelope->size()).first(stored.size() - envelope->size() - Envelope::tag_size);
    compressed_.assign(secret.begin(), secret.end());
    const bool whole =
        cipher_.decrypt(*envelope, beside(*envelope, record), compressed_, stored.last<Envelope::tag_size>());
    return whole ? TapeStatus::ok : TapeStatus::corrupt;
}

TapeStatus Transformer::restore(const Record& record, std::span<const std::byte> stored,
                                std::vector<std::byte>& block) {
    if (!record.encrypted && encryption_.decrypt == TapeEncryption::Decrypt::on)
        return TapeStatus::not_encrypted;
    if (crc32c(stored) != record.stored_crc) return TapeStatus::corrupt;
    auto data = stored;
    if (record.encrypted) {
        if (const auto status = decrypt(record, stored); status != TapeStatus::ok) return status;
        data = compressed_;
    }
    if (record.compression == Compression::none) {
        if (data.size() != record.logical_length) return TapeStatus::corrupt;
        block.assign(data.begin(), data.end());
    } else {
        if (!decompressor_) decompressor_.reset(::ZSTD_createDCtx());
        block.resize(record.logical_length);
        const auto size =
            ::ZSTD_decompressDCtx(decompressor_.get(), block.data(), block.size(), data.data(), data.size());
        if (::ZSTD_isError(size) != 0 || size != block.size()) return TapeStatus::corrupt;
    }
    if (!record.encrypted && crc32c(block) != record.logical_crc) return TapeStatus::corrupt;
    return TapeStatus::ok;
}

void Transformer::describe(std::span<const std::byte> stored, TapeNext& next) {
    const auto envelope = decode_envelope(stored);
    if (!envelope) return;
    next.key_fits = encryption_.decrypt != TapeEncryption::Decrypt::off && cipher_.fits(*envelope);
    next.unauthenticated.assign(envelope->unauthenticated.begin(), envelope->unauthenticated.end());
    next.authenticated.assign(envelope->authenticated.begin(), envelope->authenticated.end());
}

}  // namespace tcmud::tape
