// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/fault/rules.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::fault;
using Catch::Matchers::Contains;

namespace {

constexpr ByteCount sector{512};

Rules rules(std::string_view text, BlockSize block_size = {512}) {
    auto parsed = Rules::parse(text, block_size);
    INFO((parsed ? "" : parsed.error().text));
    REQUIRE(parsed);
    return std::move(*parsed);
}
std::string refusal(std::string_view text) {
    const auto parsed = Rules::parse(text, {512});
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().text.find('\n') == std::string::npos);
    return parsed.error().text;
}
std::optional<Verdict> judge(Rules& rules, Operation operation, std::uint64_t at = 0,
                             std::uint64_t length = 4096) {
    return rules.judge({operation, ByteOffset{at}, ByteCount{length}}, sector);
}
// Which of so many writes are hit: "..x.".
std::string hits(Rules rules, int operations) {
    std::string pattern;
    for (int i = 0; i < operations; ++i) pattern += judge(rules, Operation::write) ? 'x' : '.';
    return pattern;
}

}  // namespace

TEST_CASE("a rule hits its operation and no other; 'all' hits every one") {
    auto one = rules("write:error=EIO");
    CHECK(judge(one, Operation::write)->status == IoStatus::io_error);
    for (const auto other : {Operation::read, Operation::flush, Operation::unmap, Operation::write_zeroes})
        CHECK_FALSE(judge(one, other));
    auto all = rules("all:error=ENOSPC");
    for (const auto each :
         {Operation::read, Operation::write, Operation::flush, Operation::unmap, Operation::write_zeroes})
        CHECK(judge(all, each)->status == IoStatus::no_space);
}

TEST_CASE("the first rule that hits decides") {
    auto two = rules("write:error=ENOSPC,count=1/all:error=EIO");
    CHECK(judge(two, Operation::write)->status == IoStatus::no_space);
    CHECK(judge(two, Operation::write)->status == IoStatus::io_error);
}

TEST_CASE("'+' is ':' and ',', a space is '/': what a cfgstring permits is the same grammar") {
    CHECK(rules("write+error=EIO+count=3/flush+error=EIO").text() ==
          "write:error=EIO,count=3/flush:error=EIO");
    CHECK(rules("write:error=EIO,count=3 flush:error=EIO").text() ==
          "write:error=EIO,count=3/flush:error=EIO");
}

TEST_CASE("errors have names that people know") {
    for (const auto& [name, status] :
         {std::pair("EIO", IoStatus::io_error), std::pair("ENOSPC", IoStatus::no_space),
          std::pair("EROFS", IoStatus::read_only), std::pair("ENODEV", IoStatus::not_ready)}) {
        auto rule = rules(std::string("read:error=") + name);
        CHECK(judge(rule, Operation::read)->status == status);
    }
}

TEST_CASE("a delay and a hang end well unless an error is ruled too") {
    auto slow = rules("read:delay=20");
    CHECK(judge(slow, Operation::read)->delay == std::chrono::milliseconds(20));
    CHECK(judge(slow, Operation::read)->status == IoStatus::ok);
    auto stuck = rules("read:hang,error=EIO");
    CHECK(judge(stuck, Operation::read)->hang);
    CHECK(judge(stuck, Operation::read)->status == IoStatus::io_error);
}

TEST_CASE("a range is hit where an operation touches it, and the error is at the first byte in it") {
    auto bad_blocks = rules("read:error=EIO,lba=10-11");
    CHECK_FALSE(judge(bad_blocks, Operation::read, 0, 10 * 512));
    CHECK_FALSE(judge(bad_blocks, Operation::read, 12 * 512, 512));
    CHECK(judge(bad_blocks, Operation::read, 0, 10 * 512 + 1)->detail == 10 * 512);
    CHECK(judge(bad_blocks, Operation::read, 9 * 512, 4096)->detail == 512);
    CHECK(judge(bad_blocks, Operation::read, 11 * 512, 4096)->detail == 0);
}

TEST_CASE("an LBA counts in the LUN's blocks, bytes are bytes, one number is a range of one") {
    auto block = rules("read:error=EIO,lba=1", {4096});
    CHECK_FALSE(judge(block, Operation::read, 0, 4096));
    CHECK(judge(block, Operation::read, 4096 + 3584, 512));
    CHECK_FALSE(judge(block, Operation::read, 8192, 4096));
    auto byte = rules("read:error=EIO,bytes=1000");
    CHECK(judge(byte, Operation::read, 512, 512)->detail == 488);
    CHECK_FALSE(judge(byte, Operation::read, 1024, 512));
}

TEST_CASE("a rule with a range is none for flushes, which have no range") {
    auto ranged = rules("all:error=EIO,lba=0-1000");
    CHECK_FALSE(ranged.judge({Operation::flush}, sector));
    CHECK(judge(ranged, Operation::write));
}

TEST_CASE("every=N hits each Nth, count=N the first N") {
    CHECK(hits(rules("write:error=EIO,every=3"), 7) == "..x..x.");
    CHECK(hits(rules("write:error=EIO,count=2"), 4) == "xx..");
    CHECK(hits(rules("write:error=EIO,every=2,count=2"), 7) == ".x.x...");
}

TEST_CASE("a rate hits that part of the operations, and the same ones with the same seed") {
    const auto first = hits(rules("write:error=EIO,rate=0.1,seed=7"), 10000);
    CHECK(first == hits(rules("write:error=EIO,rate=0.1,seed=7"), 10000));
    CHECK(first != hits(rules("write:error=EIO,rate=0.1,seed=8"), 10000));
    const auto count = std::ranges::count(first, 'x');
    CHECK(count > 900);
    CHECK(count < 1100);
    CHECK(hits(rules("write:error=EIO,rate=1"), 5) == "xxxxx");
}

TEST_CASE("a short write writes a first part, half if nothing else is said, and fails behind it") {
    auto half = rules("write:short");
    const auto verdict = judge(half, Operation::write, 0, 3 * 512);
    CHECK(verdict->status == IoStatus::io_error);
    CHECK(verdict->pieces == std::vector<Piece>{{0, 512}});
    CHECK(verdict->detail == 512);
    auto some = rules("write:short=1000,error=ENOSPC");
    CHECK(judge(some, Operation::write)->status == IoStatus::no_space);
    CHECK(judge(some, Operation::write)->pieces == std::vector<Piece>{{0, 1000}});
    CHECK(judge(some, Operation::write, 0, 512)->pieces == std::vector<Piece>{{0, 512}});
    CHECK(judge(some, Operation::write, 0, 512)->detail == 511);
    auto nothing = rules("write:short=0");
    CHECK(judge(nothing, Operation::write)->pieces.empty());
}

TEST_CASE("a torn write writes whole sectors, some but never all, and fails where the first is missing") {
    auto torn = rules("write:torn,seed=1");
    std::uint64_t written = 0;
    constexpr int writes = 1000;
    for (int i = 0; i < writes; ++i) {
        const auto verdict = judge(torn, Operation::write, 0, 8 * 512);
        std::uint64_t end = 0;
        for (const auto& [offset, length] : verdict->pieces) {
            CHECK(offset % 512 == 0);
            CHECK(length % 512 == 0);
            CHECK(offset >= end);
            CHECK((verdict->detail < offset || verdict->detail >= offset + length));
            end = offset + length;
            written += length / 512;
        }
        CHECK(end <= 8 * 512);
    }
    // Half of those that are not spared.
    CHECK(written > writes * 3);
    CHECK(written < writes * 4);
    CHECK(judge(torn, Operation::write, 0, 512)->pieces.empty());
}

TEST_CASE("rules tell how often they have hit, of how many that they could have") {
    auto counted = rules("write:error=EIO,every=2/read:hang");
    hits(rules("write:error=EIO"), 1);
    for (int i = 0; i < 5; ++i) judge(counted, Operation::write);
    CHECK(counted.report() == "write:error=EIO,every=2  hit 2 of 5\nread:hang  hit 0 of 0\n");
}

TEST_CASE("what is no rule is refused in one line that says what is allowed") {
    CHECK_THAT(refusal(""), Contains("'' is no operation") &&
                                Contains("known: read, write, flush, unmap, write_zeroes, all"));
    CHECK_THAT(refusal("wrte:error=EIO"), Contains("rule 'wrte:error=EIO': 'wrte' is no operation"));
    CHECK_THAT(refusal("write:eror=EIO"),
               Contains("'eror' is no setting") && Contains("known: error, short, torn"));
    CHECK_THAT(refusal("write:error=EPERM"), Contains("write error=EIO, ENOSPC, EROFS or ENODEV"));
    CHECK_THAT(refusal("write"), Contains("one of error, short, torn, delay and hang is needed"));
    CHECK_THAT(refusal("write:rate=0.5"), Contains("one of error, short, torn, delay and hang is needed"));
    CHECK_THAT(refusal("write:error=EIO,error=EIO"), Contains("error is given twice"));
    CHECK_THAT(refusal("write:hang=3"), Contains("write hang, without a value"));
    CHECK_THAT(refusal("write:delay=0"), Contains("write delay=MILLISECONDS, 1 to 3600000"));
    CHECK_THAT(refusal("write:delay="), Contains("nothing behind its '='"));
    for (const auto* rate : {"0", "1.1", "-1", "nan", "inf", "x", "0.5x"})
        CHECK_THAT(refusal(std::string("write:error=EIO,rate=") + rate), Contains("above 0 and at most 1"));
    CHECK_THAT(refusal("write:error=EIO,lba=5-3"), Contains("from the first block to the last"));
    CHECK_THAT(refusal("write:error=EIO,lba=18446744073709551615"), Contains("from the first block"));
    CHECK_THAT(refusal("write:error=EIO,count=0"), Contains("write count=N, 1 or more"));
}

TEST_CASE("settings that exclude each other are refused together") {
    CHECK_THAT(refusal("write:delay=1,hang"), Contains("delay and hang exclude each other"));
    CHECK_THAT(refusal("write:error=EIO,rate=0.5,every=2"), Contains("rate and every exclude each other"));
    CHECK_THAT(refusal("write:short,torn"), Contains("either short or torn"));
    CHECK_THAT(refusal("all:torn"), Contains("short and torn are for write only"));
    CHECK_THAT(refusal("flush:error=EIO,lba=1"), Contains("a flush has no range"));
    CHECK_THAT(refusal("read:error=EIO,lba=1,bytes=1"), Contains("from the first byte to the last"));
}

TEST_CASE("there is a limit to the number of rules") {
    std::string text = "read:hang";
    for (std::size_t i = 1; i < Rules::most_rules; ++i) text += "/read:hang";
    rules(text);
    CHECK_THAT(refusal(text + "/read:hang"), Contains("more than 16 rules"));
}
