// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/tool/simh.hpp"

#include <cstring>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::tape;

namespace {

// Reads what stands there, until it ends.
class Simh {
public:
    explicit Simh(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}
    Result<SimhItem> next() { return reader_.next(); }

private:
    std::vector<std::uint8_t> bytes_;
    std::size_t at_ = 0;
    SimhReader reader_{[this](std::span<std::byte> into) {
        if (bytes_.size() - at_ < into.size()) return false;
        std::memcpy(into.data(), bytes_.data() + at_, into.size());
        at_ += into.size();
        return true;
    }};
};

std::string error_of(std::vector<std::uint8_t> bytes) {
    const auto item = Simh(std::move(bytes)).next();
    return item ? "none" : item.error().text;
}

}  // namespace

TEST_CASE("simh: blocks between two lengths, filemarks, gaps, and an end") {
    Simh simh({3,    0,    0,    0,    'a', 'b', 'c', 0, 3, 0,    0, 0,  // an odd block
               0xfe, 0xff, 0xff, 0xff,                                   // a gap
               0,    0,    0,    0,                                      // a filemark
               2,    0,    0,    0x80, 'x', 'y', 2,   0, 0, 0x80,        // a block that could not be read
               0xff, 0xff, 0xff, 0xff});
    auto item = simh.next();
    REQUIRE(item);
    CHECK(item->kind == SimhItem::Kind::block);
    CHECK(item->block == std::vector<std::byte>{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}});
    CHECK(simh.next()->kind == SimhItem::Kind::filemark);
    CHECK(simh.next()->kind == SimhItem::Kind::bad_block);
    CHECK(simh.next()->kind == SimhItem::Kind::end);
}

TEST_CASE("simh: a file that just ends has ended") {
    CHECK(Simh({}).next()->kind == SimhItem::Kind::end);
}

TEST_CASE("simh: what is no such file is told") {
    CHECK(error_of({9, 0, 0, 0, 'a'}) == "the file ends in a record of 9 bytes");
    CHECK(error_of({1, 0, 0, 0, 'a'}) == "the file ends behind a record");
    CHECK(error_of({2, 0, 0, 0, 'a', 'b', 3, 0, 0, 0}) == "a record of 2 bytes has no such length behind it");
    CHECK(error_of({1, 2, 3, 0x50}) == "a record of an unknown class, 50030201h");
    // A length alone takes no memory.
    CHECK(error_of({0xff, 0xff, 0xff, 0x0f}) == "the file ends in a record of 268435455 bytes");
}

TEST_CASE("simh: an odd block is followed by a zero") {
    CHECK(simh_before(3).size() == 4);
    CHECK(simh_behind(3).size() == 5);
    CHECK(simh_behind(3)[0] == std::byte{0});
    CHECK(simh_behind(4) == simh_before(4));
}
