// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/timed_tape.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"
#include "tests/support/memory_tape.hpp"

using namespace tcmud;
using serving::Direction;

namespace {

struct TimedTapeBench {
    test::MemoryCartridge cartridge;
    test::MemoryTape tape{&cartridge};
    serving::TurnClock clock;
    serving::TimedTape timed{tape, clock};
    test::Waiting waiting;
    TapeResult result;

    Completion done() { return Completion(waiting); }
    std::uint64_t count(Direction direction) const { return timed.latency(direction).snapshot().count(); }
};

}  // namespace

TEST_CASE("a drive whose operations are timed reads what it has written") {
    TimedTapeBench bench;
    std::vector<std::byte> data(512, std::byte{7}), back(512);
    const iovec from{data.data(), data.size()}, into{back.data(), back.size()};
    bench.timed.write({&from, 1}, 256, bench.result, bench.done());
    CHECK(bench.result.done == 2);
    CHECK(bench.count(Direction::write) == 1);
    bench.timed.locate(0, 0, bench.result, bench.done());
    bench.timed.read({&into, 1}, bench.result, bench.done());
    CHECK(bench.result.bytes == 256);
    CHECK(back[255] == std::byte{7});
    CHECK(bench.count(Direction::read) == 1);
    CHECK(bench.timed.position() == TapePosition{0, 1, 0});
    CHECK(bench.waiting.answers == 3);
}

TEST_CASE("all that a drive does beside reading and writing is one kind") {
    TimedTapeBench bench;
    TapeNext next;
    auto& timed = bench.timed;
    timed.write_filemarks(2, bench.result, bench.done());
    timed.synchronize(bench.result, bench.done());
    timed.space(TapeSpacing::filemarks, -1, bench.result, bench.done());
    timed.space_to_end(bench.result, bench.done());
    timed.locate(0, 0, bench.result, bench.done());
    timed.locate_file(0, 1, bench.result, bench.done());
    timed.verify(1, bench.result, bench.done());
    timed.look_at_next(next, bench.result, bench.done());
    timed.resume({0, 0, 0}, false, bench.result, bench.done());
    timed.set_attributes(0, {{0x0801, 1, {std::byte{'A'}}}}, bench.result, bench.done());
    timed.erase(bench.result, bench.done());
    timed.format({ByteCount{0}}, bench.result, bench.done());
    timed.set_capacity(0x8000, bench.result, bench.done());
    timed.unload(bench.result, bench.done());
    timed.load(bench.result, bench.done());
    CHECK(bench.tape.log == std::vector<std::string>{"write_filemarks", "synchronize", "space",
                                                     "space_to_end", "locate", "locate_file", "verify",
                                                     "look_at_next", "resume", "set_attributes", "erase",
                                                     "format", "set_capacity", "unload", "load"});
    CHECK(bench.count(Direction::other) == 15);
    CHECK(bench.count(Direction::read) + bench.count(Direction::write) == 0);
}
