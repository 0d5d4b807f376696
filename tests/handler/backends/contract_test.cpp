// SPDX-License-Identifier: Apache-2.0
// What every backend that stores blocks does, whatever it is made of.
#include "tests/handler/backends/contract.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("a backend has the size that it was opened with, and reads as zeros") {
    for_each_backend([](Opened& backend) {
        CHECK(raw(backend->size()) == disk_size);
        CHECK(backend.read(disk_size - 4096, 4096) == std::vector<std::byte>(4096));
    });
}

TEST_CASE("what was written is read, from the first byte to the last, and nothing else changes") {
    for_each_backend([](Opened& backend) {
        for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{512}, disk_size - 3072}) {
            const auto data = pattern(3072, static_cast<unsigned>(at));
            const auto written = backend.write(at, data);
            CHECK(written.status == IoStatus::ok);
            CHECK(written.bytes == data.size());
            CHECK(backend.read(at, data.size()) == data);
        }
        CHECK(backend.read(4096, 4096) == std::vector<std::byte>(4096));
    });
}

TEST_CASE("large transfers arrive whole") {
    for_each_backend([](Opened& backend) {
        const auto data = pattern(disk_size, 1);
        CHECK(backend.write(0, data, Stable::yes).bytes == disk_size);
        CHECK(backend.read(0, disk_size) == data);
    });
}

TEST_CASE("a flush ends well") {
    for_each_backend([](Opened& backend) {
        backend.write(0, pattern(512, 1));
        CHECK(backend.flush().status == IoStatus::ok);
    });
}

TEST_CASE("what was unmapped or zeroed reads as zeros, and its neighbours stay") {
    for_each_backend([](Opened& backend) {
        const auto traits = backend->traits();
        REQUIRE((traits.unmap && traits.unmap_reads_zero && traits.write_zeroes));
        const auto data = pattern(65536, 3);
        backend.write(0, data);
        CHECK(backend.unmap(8192, 512).status == IoStatus::ok);
        CHECK(backend.unmap(16384, 16384).status == IoStatus::ok);
        CHECK(backend.write_zeroes(40960, 1024, false).status == IoStatus::ok);
        CHECK(backend.write_zeroes(49152, 4096, true).status == IoStatus::ok);
        auto expected = data;
        const auto clear = [&](std::size_t at, std::size_t length) {
            std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(at), length, std::byte{0});
        };
        clear(8192, 512);
        clear(16384, 16384);
        clear(40960, 1024);
        clear(49152, 4096);
        CHECK(backend.read(0, data.size()) == expected);
    });
}

TEST_CASE("a smaller size keeps what is before its end") {
    for_each_backend([](Opened& backend) {
        const auto data = pattern(4096, 5);
        backend.write(0, data);
        REQUIRE(backend->resize(ByteCount{disk_size / 2}));
        CHECK(raw(backend->size()) == disk_size / 2);
        CHECK(backend.read(0, 4096) == data);
    });
}
