// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/loaded.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

constexpr auto blocks = TapeSpacing::blocks;
constexpr auto filemarks = TapeSpacing::filemarks;

// Objects 0 1 2 F 4 5 F F 8: three files, and one that has not ended.
struct Tape : TestCartridge, Loaded {
    Tape() : Loaded(path()) {
        write(block(3000, 1), 1000);
        this->filemarks();
        write(block(1000, 1), 500);
        this->filemarks(2);
        write(block(700, 1));
    }
};

struct Expected {
    TapeStatus status;
    std::uint64_t done;
    std::uint64_t object;
    std::uint64_t file;
};

void check_space(Tape& tape, std::uint64_t from, TapeSpacing over, std::int64_t count, Expected expected) {
    tape.locate(0, from);
    const auto result = tape.space(over, count);
    CAPTURE(from, count, over == blocks);
    CHECK(result.status == expected.status);
    CHECK(result.done == expected.done);
    CHECK(tape->position() == TapePosition{0, expected.object, expected.file});
}

}  // namespace

TEST_CASE("tape: spacing over blocks ends at filemarks, which are passed") {
    Tape tape;
    check_space(tape, 0, blocks, 0, {TapeStatus::ok, 0, 0, 0});
    check_space(tape, 0, blocks, 3, {TapeStatus::ok, 3, 3, 0});
    check_space(tape, 0, blocks, 4, {TapeStatus::filemark, 3, 4, 1});
    check_space(tape, 6, blocks, 1, {TapeStatus::filemark, 0, 7, 2});
    check_space(tape, 8, blocks, 1, {TapeStatus::ok, 1, 9, 3});
    check_space(tape, 8, blocks, 2, {TapeStatus::end_of_data, 1, 9, 3});
    check_space(tape, 0, blocks, INT64_MAX, {TapeStatus::filemark, 3, 4, 1});
}

TEST_CASE("tape: backwards it ends before the filemark that was met") {
    Tape tape;
    check_space(tape, 6, blocks, -2, {TapeStatus::ok, 2, 4, 1});
    check_space(tape, 6, blocks, -3, {TapeStatus::filemark, 2, 3, 0});
    check_space(tape, 8, blocks, -1, {TapeStatus::filemark, 0, 7, 2});
    check_space(tape, 2, blocks, -5, {TapeStatus::beginning_of_partition, 2, 0, 0});
    check_space(tape, 9, blocks, INT64_MIN, {TapeStatus::filemark, 1, 7, 2});
}

TEST_CASE("tape: spacing over filemarks ends behind the last of them, or before it going backwards") {
    Tape tape;
    check_space(tape, 0, filemarks, 1, {TapeStatus::ok, 1, 4, 1});
    check_space(tape, 1, filemarks, 3, {TapeStatus::ok, 3, 8, 3});
    check_space(tape, 1, filemarks, 0x7fffff, {TapeStatus::end_of_data, 3, 9, 3});
    check_space(tape, 9, filemarks, -1, {TapeStatus::ok, 1, 7, 2});
    check_space(tape, 7, filemarks, -1, {TapeStatus::ok, 1, 6, 1});
    check_space(tape, 9, filemarks, -3, {TapeStatus::ok, 3, 3, 0});
    check_space(tape, 9, filemarks, -4, {TapeStatus::beginning_of_partition, 3, 0, 0});
}

TEST_CASE("tape: objects and files are located, as far as there are any") {
    Tape tape;
    CHECK(tape.locate(0, 5).status == TapeStatus::ok);
    CHECK(tape->position() == TapePosition{0, 5, 1});
    CHECK(tape.locate(0, 9).status == TapeStatus::ok);
    CHECK(tape.locate(0, UINT64_MAX).status == TapeStatus::end_of_data);
    CHECK(tape->position() == TapePosition{0, 9, 3});
    CHECK(tape.locate(1, 0).status == TapeStatus::unsupported);
    const auto locate_file = [&](std::uint64_t file) {
        return tape.wait([&](TapeResult& result, Completion done) {
            tape->locate_file(0, file, result, std::move(done));
        });
    };
    CHECK(locate_file(0).status == TapeStatus::ok);
    CHECK(tape->position() == TapePosition{0, 0, 0});
    CHECK(locate_file(2).status == TapeStatus::ok);
    CHECK(tape->position() == TapePosition{0, 7, 2});
    CHECK(locate_file(4).status == TapeStatus::end_of_data);
    CHECK(tape->position() == TapePosition{0, 9, 3});
}

TEST_CASE("tape: after a kill the head stands where the command began, and what it wrote is forgotten") {
    Tape tape;
    CHECK(tape.resume({0, 8, 3}, true).status == TapeStatus::ok);
    CHECK(tape->position() == TapePosition{0, 8, 3});
    CHECK(tape->medium()->partitions[0].end_of_data.object == 8);
    CHECK(tape.resume({0, 2, 0}, false).status == TapeStatus::ok);
    CHECK(tape->medium()->partitions[0].end_of_data.object == 8);
    CHECK(tape.resume({0, 20, 0}, true).status == TapeStatus::end_of_data);
    CHECK(tape->position() == TapePosition{0, 8, 3});
    CHECK(tape.resume({3, 0, 0}, true).status == TapeStatus::unsupported);
}

TEST_CASE("tape: what lies before the head is told in bytes") {
    Tape tape;
    tape.locate(0, 2);
    CHECK(raw(tape->medium()->partitions[0].before_head) == 2 * tape::record_size(1000));
    tape.space_to_end();
    CHECK(tape->medium()->partitions[0].before_head == tape->medium()->partitions[0].used);
}
