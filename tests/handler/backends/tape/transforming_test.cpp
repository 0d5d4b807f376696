// SPDX-License-Identifier: Apache-2.0
// Drives that compress and encrypt.
#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/loaded.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

TapeEncryption secret(unsigned char key) {
    TapeEncryption encryption;
    encryption.encrypt = TapeEncryption::Encrypt::on;
    encryption.decrypt = TapeEncryption::Decrypt::mixed;
    encryption.key.fill(std::byte{key});
    encryption.authenticated = block(4, 1);
    return encryption;
}

Bytes half_of_the_secret() {
    auto bytes = block(2000, 2);
    bytes.resize(1000);
    return bytes;
}

tape::DriveOptions compressing() {
    tape::DriveOptions options;
    options.compression = tape::CompressionLevel::fast;
    return options;
}

}  // namespace

TEST_CASE("tape: compressed blocks take less of the tape, and are read as they were") {
    tape::NewCartridge small_files;
    small_files.segment_size = GENERATE(std::uint64_t{1} << 30, std::uint64_t{20000});
    const TestCartridge cartridge(small_files);
    {
        Loaded drive(cartridge.path(), compressing());
        drive->set_compression(true);
        CHECK(drive.write(block(std::size_t{65536} * 20, 3), 65536).done == 20);
        drive->set_compression(false);
        CHECK(drive.write(block(500, 4)).done == 1);
        const auto* medium = drive->medium();
        CHECK(raw(medium->partitions[0].used) < 65536 * 10);
        CHECK(raw(medium->statistics.written) == 65536 * 20 + 500);
        CHECK(raw(medium->statistics.stored) < 65536 * 10);
    }
    Loaded drive(cartridge.path());
    const auto all = block(std::size_t{65536} * 20, 3);
    for (std::size_t i = 0; i < 20; ++i) {
        const auto read = drive.read(70000);
        CAPTURE(i, small_files.segment_size);
        REQUIRE(read.result.status == TapeStatus::ok);
        REQUIRE(std::ranges::equal(read.data, std::span(all).subspan(i * 65536, 65536)));
        CHECK(read.result.block_length == 65536);
    }
    CHECK(drive.read().data == block(500, 4));
    drive.locate(0, 7);
    const auto part = drive.read(100);
    CHECK(part.result.bytes == 100);
    CHECK(part.result.block_length == 65536);
    drive.locate(0, 0);
    CHECK(drive.verify(21).done == 21);
}

TEST_CASE("tape: a compressed tape holds more than its capacity") {
    tape::NewCartridge small;
    small.capacity = ByteCount{1 << 20};
    const TestCartridge cartridge(small);
    Loaded drive(cartridge.path(), compressing());
    drive->set_compression(true);
    const auto written = drive.write(block(std::size_t{65536} * 100, 3), 65536);
    CHECK(written.done > 20);
    drive.locate(0, written.done - 1);
    CHECK(drive.read(65536).result.bytes == 65536);
}

TEST_CASE("tape: encrypted blocks need their key, which is not on the tape") {
    const TestCartridge cartridge;
    {
        Loaded drive(cartridge.path());
        drive.write(block(1000, 1));
        drive->set_encryption(secret(7));
        drive.write(block(2000, 2), 1000);
        drive.filemarks();
    }
    const auto bytes = content(cartridge.path() + "/p0/00000000.seg");
    CHECK_FALSE(contains(bytes, half_of_the_secret()));
    CHECK_FALSE(contains(bytes, secret(7).key));

    Loaded drive(cartridge.path());
    CHECK(drive.read().data == block(1000, 1));
    CHECK(drive.read().result.status == TapeStatus::key_missing);
    CHECK(drive->position().object == 1);
    drive->set_encryption(secret(8));
    CHECK(drive.read().result.status == TapeStatus::key_wrong);
    CHECK(drive->position().object == 1);
    TapeNext next;
    drive.wait(
        [&](TapeResult& result, Completion done) { drive->look_at_next(next, result, std::move(done)); });
    CHECK(next.encrypted);
    CHECK_FALSE(next.key_fits);
    CHECK(next.authenticated == block(4, 1));
    drive->set_encryption(secret(7));
    CHECK(std::ranges::equal(drive.read().data, half_of_the_secret()));
    CHECK(drive.read().result.status == TapeStatus::ok);
    CHECK(drive.read().result.status == TapeStatus::filemark);
    auto only = secret(7);
    only.decrypt = TapeEncryption::Decrypt::on;
    drive->set_encryption(only);
    drive.locate(0, 0);
    CHECK(drive.read().result.status == TapeStatus::not_encrypted);
    CHECK(drive->position().object == 0);
}
