// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/record_batch.hpp"

#include <cstring>

#include <catch2/catch.hpp>

#include "handler/backends/tape/image/crc32c.hpp"
#include "tests/handler/backends/tape/image/blocks.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

Bytes joined(Buffers buffers) {
    Bytes all(raw(total(buffers)));
    copy_from(buffers, ByteCount{0}, all);
    return all;
}

Record record_at(const Bytes& bytes, std::size_t at) {
    return decode(std::span(bytes).subspan(at).first<record_header_size>()).value();
}

}  // namespace

TEST_CASE("record batch: blocks out of scattered memory, each behind its header") {
    auto data = block(30, 1);
    const iovec pieces[]{{data.data(), 7}, {data.data() + 7, 23}};
    RecordBatch batch;
    const Tail tail{.object = 5, .file = 2, .offset = 800, .synchronized = 4, .checksum = 0xabc, .pass = 9};
    batch.begin(tail);
    batch.add_block(pieces, ByteCount{0}, 10);
    batch.add_block(pieces, ByteCount{10}, 10);
    const auto bytes = joined(batch.buffers());
    REQUIRE(bytes.size() == 2 * record_size(10));
    CHECK(batch.bytes() == bytes.size());
    const auto first = record_at(bytes, 0);
    CHECK(first.object == 5);
    CHECK(first.file == 2);
    CHECK(first.pass == 9);
    CHECK(first.previous == 0xabc);
    CHECK(first.synchronized == 4);
    CHECK(first.logical_crc == crc32c(std::span(data).first(10)));
    CHECK(std::memcmp(bytes.data() + 64, data.data(), 10) == 0);
    const auto second = record_at(bytes, 80);
    CHECK(second.object == 6);
    CHECK(second.previous == checksum_of(std::span(bytes).first<64>()));
    CHECK(std::memcmp(bytes.data() + 144, data.data() + 10, 10) == 0);
    CHECK(batch.tail().object == 7);
    CHECK(batch.tail().file == 2);
    CHECK(batch.tail().offset == 960);
    CHECK(batch.tail().last_offset == 880);
}

TEST_CASE("record batch: the caller's memory is not copied") {
    auto data = block(16, 1);
    const iovec piece{data.data(), data.size()};
    RecordBatch batch;
    batch.begin({});
    batch.add_block({&piece, 1}, ByteCount{0}, 16);
    REQUIRE(batch.buffers().size() == 2);
    CHECK(batch.buffers()[1].iov_base == data.data());
}

TEST_CASE("record batch: a filemark belongs to the file that it ends") {
    RecordBatch batch;
    batch.begin({});
    batch.add_filemark();
    batch.add_filemark();
    const auto bytes = joined(batch.buffers());
    REQUIRE(bytes.size() == 128);
    CHECK(record_at(bytes, 0).file == 0);
    CHECK(record_at(bytes, 64).file == 1);
    CHECK(batch.tail().file == 2);
    CHECK(batch.records() == 2);
}
