// SPDX-License-Identifier: Apache-2.0
#include "tcmud/io.hpp"

#include <optional>

#include <catch2/catch.hpp>

using namespace tcmud;

namespace {

struct WaitingOperation : IoOperation {
    WaitingOperation() {
        deliver = [](IoOperation& operation, const IoResult& ended_with) {
            static_cast<WaitingOperation&>(operation).answer = ended_with;
        };
    }
    std::optional<IoResult> answer;
};

// A queue that keeps what was posted.
class Posted final : public IoQueue {
public:
    void read(IoFile&, ByteOffset, Buffers, Completion) override {}
    void write(IoFile&, ByteOffset, Buffers, Stable, Completion) override {}
    void sync(IoFile&, Completion) override {}
    void allocate(IoFile&, int, ByteOffset, ByteCount, Completion) override {}
    void run(IoFile&, void (*)(void*), void*, Completion) override {}
    void abort(IoOperation&) override {}
    void post(Completion done, IoResult ended_with) override {
        posted.emplace(std::move(done));
        posted_result = ended_with;
    }
    std::optional<Completion> posted;
    IoResult posted_result;
};

constexpr std::uint64_t mebibyte = 1024 * 1024;

}  // namespace

TEST_CASE("an operation whose completion is dropped has failed") {
    WaitingOperation waiting;
    { const Completion dropped(waiting); }
    REQUIRE(waiting.answer);
    CHECK(waiting.answer->status == IoStatus::io_error);
    CHECK(waiting.answer->bytes == 0);
}

TEST_CASE("a small operation that has ended is answered at once") {
    WaitingOperation waiting;
    Posted queue;
    answer_in_turn(queue, Completion(waiting), {IoStatus::ok, mebibyte - 1, 0});
    CHECK_FALSE(queue.posted);
    REQUIRE(waiting.answer);
    CHECK(waiting.answer->bytes == mebibyte - 1);
}

TEST_CASE("a large operation that has ended waits for its turn, and is answered then as it ended") {
    WaitingOperation waiting;
    Posted queue;
    answer_in_turn(queue, Completion(waiting), {IoStatus::ok, mebibyte, 5});
    CHECK_FALSE(waiting.answer);
    REQUIRE(queue.posted);
    std::move (*queue.posted)(queue.posted_result);
    REQUIRE(waiting.answer);
    CHECK(waiting.answer->bytes == mebibyte);
    CHECK(waiting.answer->detail == 5);
}

TEST_CASE("a failure keeps its place") {
    WaitingOperation waiting;
    Posted queue;
    answer_in_turn(queue, Completion(waiting), {IoStatus::miscompare, 0, 513});
    REQUIRE(waiting.answer);
    CHECK(waiting.answer->status == IoStatus::miscompare);
    CHECK(waiting.answer->detail == 513);
}
