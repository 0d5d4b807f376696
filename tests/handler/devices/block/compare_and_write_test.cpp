// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

Bytes command(unsigned lba, unsigned blocks) {
    return bytes({0x89, 0, 0, 0, 0, 0, 0, 0, 0, lba, 0, 0, 0, blocks, 0, 0});
}
Bytes joined(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace

TEST_CASE("COMPARE AND WRITE replaces equal blocks") {
    Disk disk;
    CHECK(good(disk.send(command(2, 2), joined(disk.stored(2, 2), filled(1024, 0xee)))));
    CHECK(disk.stored(2, 2) == filled(1024, 0xee));
}

TEST_CASE("COMPARE AND WRITE leaves others, and tells the first byte that differs") {
    Disk disk;
    auto expected = disk.stored(2, 2);
    expected[513] ^= std::byte{1};
    const auto answer = disk.send(command(2, 2), joined(expected, filled(1024, 0xee)));
    CHECK(answer.sense == sense::miscompare_during_verify.with_information(513));
    CHECK(disk.stored(2, 1) == filled(512, 2));
}

TEST_CASE("COMPARE AND WRITE of nothing is GOOD; beyond the end or with too little data it is refused") {
    Disk disk;
    CHECK(good(disk.send(command(2, 0))));
    CHECK(disk.send(command(127, 2), filled(2048, 0)).sense == sense::lba_out_of_range);
    CHECK(disk.send(command(2, 2), filled(2047, 2)).sense == sense::invalid_field_in_information_unit);
    CHECK(disk.backend.log.empty());
}

TEST_CASE("no write comes between comparing and writing") {
    Disk disk;
    disk.backend.hold = true;
    const auto first = disk.begin(command(2, 1), joined(disk.stored(2, 1), filled(512, 0xaa)));
    const auto second = disk.begin(command(2, 1), joined(disk.stored(2, 1), filled(512, 0xbb)));
    const auto plain = disk.begin(bytes({0x2a, 0, 0, 0, 0, 2, 0, 0, 1, 0}), filled(512, 0xcc));
    const auto elsewhere = disk.begin(bytes({0x2a, 0, 0, 0, 0, 9, 0, 0, 1, 0}), filled(512, 0xcc));
    for (int i = 0; i < 20; ++i) disk.backend.let_go();
    REQUIRE((first->answered() && second->answered() && plain->answered() && elsewhere->answered()));
    CHECK(good(first->answer()));
    CHECK(second->answer().sense.key == scsi::SenseKey::miscompare);
    CHECK(good(plain->answer()));
    CHECK(disk.stored(2, 1) == filled(512, 0xcc));
    // The write elsewhere did not wait for any of them.
    CHECK(std::ranges::find(disk.backend.log, "write 4608 512") <
          std::ranges::find(disk.backend.log, "write 1024 512"));
}

TEST_CASE("one that waits and is aborted ends without having done anything") {
    Disk disk;
    disk.backend.hold = true;
    const auto first = disk.begin(command(2, 1), joined(disk.stored(2, 1), filled(512, 0xaa)));
    const auto waiting = disk.begin(command(2, 1), joined(filled(512, 0xaa), filled(512, 0xbb)));
    waiting->aborted = true;
    disk.device->abort(*waiting);
    for (int i = 0; i < 20; ++i) disk.backend.let_go();
    REQUIRE((first->answered() && waiting->answered()));
    CHECK_FALSE(good(waiting->answer()));
    CHECK(disk.stored(2, 1) == filled(512, 0xaa));
}
