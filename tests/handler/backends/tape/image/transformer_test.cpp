// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/transformer.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "handler/backends/tape/image/crc32c.hpp"
#include "tests/handler/backends/tape/image/blocks.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

Bytes random_block(std::size_t size, unsigned seed) {
    std::mt19937 chance(seed);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(chance());
    return bytes;
}

Record store(Transformer& transformer, const Bytes& data, Bytes& stored, std::uint64_t object = 5) {
    const iovec piece{const_cast<std::byte*>(data.data()), data.size()};
    stored.clear();
    stored.reserve(transformer.most_stored(data.size()));
    return transformer.store({&piece, 1}, ByteCount{0}, static_cast<std::uint32_t>(data.size()), object,
                             stored);
}

TapeEncryption encryption(unsigned char key) {
    TapeEncryption encryption;
    encryption.encrypt = TapeEncryption::Encrypt::on;
    encryption.decrypt = TapeEncryption::Decrypt::mixed;
    encryption.key.fill(std::byte{key});
    encryption.unauthenticated = block(7, 1);
    encryption.authenticated = block(9, 2);
    return encryption;
}

}  // namespace

TEST_CASE("transformer: compressed blocks are smaller, and come back") {
    Transformer transformer;
    const auto level = GENERATE(CompressionLevel::fast, CompressionLevel::standard);
    transformer.set_compression(level);
    REQUIRE(transformer.transforms());
    Bytes stored;
    const auto record = store(transformer, block(65536, 1), stored);
    CHECK(record.compression == Compression::zstd);
    CHECK(record.logical_length == 65536);
    CHECK(record.stored_length == stored.size());
    CHECK(stored.size() < 20000);
    CHECK(record.logical_crc == crc32c(block(65536, 1)));
    Bytes back;
    CHECK(Transformer().restore(record, stored, back) == TapeStatus::ok);
    CHECK(back == block(65536, 1));
    stored[stored.size() / 2] ^= std::byte{1};
    CHECK(Transformer().restore(record, stored, back) == TapeStatus::corrupt);
}

TEST_CASE("transformer: what does not become smaller is stored as it is, and seldom tried again") {
    Transformer transformer;
    transformer.set_compression(CompressionLevel::fast);
    Bytes stored;
    for (unsigned i = 0; i < 8; ++i) {
        const auto record = store(transformer, random_block(4096, i), stored);
        CHECK(record.compression == Compression::none);
        CHECK(stored == random_block(4096, i));
    }
    unsigned compressed = 0;
    for (unsigned i = 0; i < 32; ++i)
        compressed += store(transformer, block(4096, i), stored).compression == Compression::zstd ? 1u : 0u;
    // Not at once, but then all of them.
    CHECK(compressed < 32);
    CHECK(compressed > 10);
}

TEST_CASE("transformer: encrypted blocks come back with the key, and without it nothing does") {
    Transformer transformer;
    transformer.set_encryption(encryption(7));
    if (GENERATE(true, false)) transformer.set_compression(CompressionLevel::fast);
    const auto data = block(10000, 1);
    Bytes stored;
    const auto record = store(transformer, data, stored);
    CHECK(record.encrypted);
    // Not even the block's checksum is told.
    CHECK(record.logical_crc == record.stored_crc);
    CHECK_FALSE(contains(stored, std::span(data).first(64)));
    CHECK_FALSE(contains(stored, encryption(7).key));
    Bytes back;
    Transformer reader;
    CHECK(reader.restore(record, stored, back) == TapeStatus::key_missing);
    reader.set_encryption(encryption(8));
    CHECK(reader.restore(record, stored, back) == TapeStatus::key_wrong);
    TapeNext next;
    reader.describe(stored, next);
    CHECK_FALSE(next.key_fits);
    CHECK(next.unauthenticated == block(7, 1));
    CHECK(next.authenticated == block(9, 2));
    reader.set_encryption(encryption(7));
    CHECK(reader.restore(record, stored, back) == TapeStatus::ok);
    CHECK(back == data);
    reader.describe(stored, next);
    CHECK(next.key_fits);
    SECTION("in the place of another block it is damaged") {
        auto moved = record;
        moved.object += 1;
        CHECK(reader.restore(moved, stored, back) == TapeStatus::corrupt);
    }
}

TEST_CASE("transformer: clear blocks are not read where only encrypted ones are to be") {
    Transformer transformer;
    transformer.set_compression(CompressionLevel::fast);
    Bytes stored;
    const auto record = store(transformer, block(10000, 1), stored);
    auto only = encryption(7);
    only.decrypt = TapeEncryption::Decrypt::on;
    Transformer reader;
    reader.set_encryption(only);
    Bytes back;
    CHECK(reader.restore(record, stored, back) == TapeStatus::not_encrypted);
    reader.set_encryption(encryption(7));
    CHECK(reader.restore(record, stored, back) == TapeStatus::ok);
}
