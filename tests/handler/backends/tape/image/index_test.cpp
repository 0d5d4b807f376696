// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/index.hpp"

#include <catch2/catch.hpp>

using namespace tcmud::tape;

namespace {

Record of(std::uint32_t length) {
    Record record;
    record.logical_length = record.stored_length = length;
    return record;
}

Record filemark() {
    Record record;
    record.type = RecordType::filemark;
    return record;
}

Record compressed(std::uint32_t length, std::uint32_t stored) {
    auto record = of(length);
    record.compression = Compression::zstd;
    record.stored_length = stored;
    return record;
}

void check_well_formed(const Index& index) {
    CHECK(Index::well_formed(index.runs(), index.end()));
    const Index again(index.runs(), index.end());
    CHECK(again.filemarks() == index.filemarks());
    for (std::uint64_t i = 0; i < index.filemarks(); ++i) CHECK(again.filemark(i) == index.filemark(i));
}

}  // namespace

TEST_CASE("index: blocks of one length are one run, however many") {
    Index index;
    for (int i = 0; i < 1000; ++i) index.append(of(1000));
    index.append(of(1000), 5000);
    CHECK(index.runs().size() == 1);
    CHECK(index.end() == Index::End{6000, 0, 6000 * record_size(1000)});
    const auto place = index.find(4321);
    CHECK(place.object == 4321);
    CHECK(place.offset == 4321 * record_size(1000));
    CHECK(place.length == 1000);
    check_well_formed(index);
}

TEST_CASE("index: filemarks are found by number and by place") {
    Index index;
    for (int file = 0; file < 3; ++file) {
        index.append(of(512), 10);
        index.append(filemark());
    }
    index.append(filemark());
    CHECK(index.end().object == 34);
    CHECK(index.filemarks() == 4);
    CHECK(index.filemark(0) == 10);
    CHECK(index.filemark(3) == 33);
    CHECK(index.filemarks_before(10) == 0);
    CHECK(index.filemarks_before(11) == 1);
    CHECK(index.filemarks_before(34) == 4);
    CHECK(index.is_filemark(10, 0));
    CHECK_FALSE(index.is_filemark(11, 1));
    CHECK(index.find(33).offset == 30 * record_size(512) + 3 * 64);
    check_well_formed(index);
}

TEST_CASE("index: a block of any length is found from at most 63 before it") {
    Index index;
    std::vector<std::uint64_t> offsets;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        offsets.push_back(index.end().offset);
        index.append(i % 3 == 0 ? compressed(1000, i % 7) : of(i));
    }
    CHECK(index.runs().size() < 40);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto place = index.find(i);
        CAPTURE(i);
        CHECK(place.object <= i);
        CHECK(i - place.object < Index::most_mixed);
        CHECK(place.offset == offsets[place.object]);
    }
    check_well_formed(index);
}

TEST_CASE("index: the last, shorter block of a file is known exactly") {
    Index index;
    index.append(of(65536), 100);
    index.append(of(100));
    index.append(filemark());
    const auto place = index.find(100);
    CHECK(place.object == 100);
    CHECK(place.kind == Run::Kind::same);
    CHECK(place.length == 100);
}

TEST_CASE("index: compressed blocks are never taken for plain ones") {
    Index index;
    index.append(compressed(100, 40));
    CHECK(index.find(0).transformed);
    index.append(of(100));
    CHECK(index.find(1).transformed);
    check_well_formed(index);
}

TEST_CASE("index: what was cut away is written anew") {
    Index index;
    index.append(of(512), 10);
    index.append(filemark());
    index.append(of(100));
    index.append(of(200));
    index.append(filemark());
    SECTION("in a run of the same") {
        index.cut(4, 4 * record_size(512));
        CHECK(index.end() == Index::End{4, 0, 4 * record_size(512)});
    }
    SECTION("at a filemark") {
        index.cut(10, 10 * record_size(512));
        CHECK(index.filemarks() == 0);
    }
    SECTION("in a mixed run") {
        const auto offset = 10 * record_size(512) + 64 + record_size(100);
        index.cut(12, offset);
        CHECK(index.end() == Index::End{12, 1, offset});
    }
    SECTION("to nothing") {
        index.cut(0, 0);
    }
    const auto end = index.end();
    index.append(of(512), 3);
    CHECK(index.end().object == end.object + 3);
    CHECK(index.find(end.object + 2).object <= end.object + 2);
    check_well_formed(index);
}

TEST_CASE("index: an estimate of a place is exact where lengths are known") {
    Index index;
    index.append(of(512), 10);
    index.append(of(10));
    index.append(of(20));
    CHECK(index.estimate(7) == 7 * record_size(512));
    CHECK(index.estimate(12) == index.end().offset);
    CHECK(index.estimate(11) > index.estimate(10));
    CHECK(index.estimate(11) < index.end().offset);
}

TEST_CASE("index: runs that do not fit to each other are refused") {
    Index index;
    index.append(of(512), 10);
    index.append(filemark());
    index.append(of(100), 1);
    auto runs = index.runs();
    auto end = index.end();
    SECTION("a gap") {
        runs[1].object += 1;
    }
    SECTION("an offset that is none") {
        runs[1].offset += 8;
    }
    SECTION("a length that does not fill the run") {
        runs[0].length += 8;
    }
    SECTION("an unknown kind") {
        runs[0].kind = static_cast<Run::Kind>(9);
    }
    SECTION("too many filemarks") {
        end.file = 2;
    }
    SECTION("an end before the last run") {
        end.object = 11;
    }
    SECTION("a beginning that is not the first") {
        runs.erase(runs.begin());
    }
    CHECK_FALSE(Index::well_formed(runs, end));
}
