// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/index_file.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

Record plain_record(std::uint32_t length) {
    Record record;
    record.logical_length = record.stored_length = length;
    return record;
}

Tail tail_of(const Index& index) {
    return {.object = index.end().object,
            .file = index.end().file,
            .offset = index.end().offset,
            .last_offset = 1,
            .synchronized = index.end().object,
            .checksum = 77,
            .pass = 3};
}

// An index that grows, and the file that follows it.
struct Growing {
    explicit Growing(const std::string& path) : directory(path) {}
    void add(std::uint32_t length, std::uint64_t count) {
        index.append(plain_record(length), count);
        need(file.add(index, segments, tail_of(index)));
    }
    std::string directory;
    Index index;
    std::vector<SegmentStart> segments{{0, 0, 0, 5}};
    IndexFile file{directory, identity};
};

IndexFile::Content loaded(const Growing& growing) {
    auto content = IndexFile(growing.directory, identity).load();
    REQUIRE(content);
    return *content;
}

}  // namespace

TEST_CASE("index file: what was kept is there at the next opening") {
    const TemporaryDirectory directory;
    Growing growing(directory.path().string());
    CHECK_FALSE(IndexFile(growing.directory, identity).load());
    growing.add(512, 10);
    growing.add(512, 20);
    growing.add(100, 1);
    growing.segments.push_back({growing.index.end().offset, 31, 0, 6});
    growing.add(200, 1);
    const auto content = loaded(growing);
    CHECK(content.runs == growing.index.runs());
    CHECK(content.segments == growing.segments);
    CHECK(content.tail == tail_of(growing.index));
}

TEST_CASE("index file: a batch that is torn at any byte is as if it were not there") {
    const TemporaryDirectory directory;
    Growing growing(directory.path().string());
    growing.add(512, 10);
    const auto kept = tail_of(growing.index);
    const auto before = content(directory.path() / "index").size();
    growing.add(100, 5);
    const auto all = content(directory.path() / "index");
    for (auto size = before; size < all.size(); ++size) {
        CAPTURE(size);
        set_content(directory.path() / "index", std::span(all).first(size));
        CHECK(loaded(growing).tail == kept);
    }
}

TEST_CASE("index file: what was cut is not told, and what is added then follows") {
    const TemporaryDirectory directory;
    Growing growing(directory.path().string());
    growing.add(512, 10);
    growing.add(512, 10);
    growing.add(512, 10);
    need(growing.file.cut(25));
    CHECK(growing.file.known() == 20);
    CHECK(loaded(growing).tail.object == 20);
    growing.index.cut(25, 25 * record_size(512));
    growing.add(100, 1);
    const auto content = loaded(growing);
    CHECK(content.tail.object == 26);
    CHECK(content.runs == growing.index.runs());
    need(growing.file.cut(3));
    CHECK_FALSE(IndexFile(growing.directory, identity).load());
}

TEST_CASE("index file: that of another cartridge or format tells nothing") {
    const TemporaryDirectory directory;
    Growing growing(directory.path().string());
    growing.add(512, 10);
    auto other = identity;
    SECTION("cartridge") {
        other.uuid[3] = std::byte{1};
    }
    SECTION("format") {
        other.format = 2;
    }
    SECTION("partition") {
        other.number = 1;
    }
    CHECK_FALSE(IndexFile(growing.directory, other).load());
}

TEST_CASE("index file: a new process goes on where the last one ended") {
    const TemporaryDirectory directory;
    Growing growing(directory.path().string());
    growing.add(512, 10);
    IndexFile next(growing.directory, identity);
    REQUIRE(next.load());
    growing.index.append(plain_record(512), 5);
    need(next.add(growing.index, growing.segments, tail_of(growing.index)));
    CHECK(loaded(growing).tail.object == 15);
}
