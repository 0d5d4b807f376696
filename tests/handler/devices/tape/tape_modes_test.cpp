// SPDX-License-Identifier: Apache-2.0
// MODE SENSE and MODE SELECT of a drive.
#include <catch2/catch.hpp>

#include "handler/devices/tape/tape_pages.hpp"
#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

Bytes sense_pages(Tape& tape, unsigned page, unsigned subpage = 0, unsigned control = 0) {
    const auto answer =
        tape.send(bytes({0x1a, 0x08, control << 6 | page, subpage, 255, 0}), filled(255, 0xee));
    if (!good(answer)) return {};
    return {answer.data.begin() + 4, answer.data.begin() + static_cast<std::ptrdiff_t>(answer.data_length)};
}
Answer select_page(Tape& tape, const Bytes& page) {
    auto list = bytes({0, 0, 0x10, 0});
    list.insert(list.end(), page.begin(), page.end());
    return tape.send(bytes({0x15, 0x10, 0, 0, static_cast<unsigned>(list.size()), 0}), list);
}

}  // namespace

TEST_CASE("the mode parameter header: medium type, buffered mode; the block descriptor: density, length") {
    Tape tape;
    const auto answer = tape.send({0x1a, 0, 0x3f, 0, 12, 0}, filled(12, 0xee));
    CHECK(good(answer));
    // 88h is a data cartridge of LTO-8, 5Eh its density; buffered mode 1, variable.
    CHECK(Bytes(answer.data.begin() + 1, answer.data.end()) ==
          bytes({0x88, 0x10, 8, 0x5e, 0, 0, 0, 0, 0, 0, 0}));
    tape.set_block_length(0x010203);
    const auto fixed = tape.send({0x5a, 0, 0x0f, 0, 0, 0, 0, 0, 16, 0}, filled(16, 0xee));
    CHECK(Bytes(fixed.data.begin() + 2, fixed.data.end()) ==
          bytes({0x88, 0x10, 0, 0, 0, 8, 0x5e, 0, 0, 0, 0, 1, 2, 3}));
}

TEST_CASE("without a medium the drive's own density is told; of WORM the medium type") {
    Tape tape;
    tape.send({0x1b, 0, 0, 0, 0, 0});
    const auto empty = tape.send({0x1a, 0, 0x3f, 0, 12, 0}, filled(12, 0xee));
    CHECK(empty.data[1] == std::byte{0});
    CHECK(empty.data[4] == std::byte{0x5e});
    MemoryCartridge cartridge;
    cartridge.worm = true;
    Tape worm(cartridge);
    CHECK(worm.send({0x1a, 0, 0x3f, 0, 12, 0}, filled(12, 0)).data[1] == std::byte{0x8c});
    const auto configuration = sense_pages(worm, 0x1d);
    CHECK(configuration[2] == std::byte{0x01});
    CHECK(configuration[4] == std::byte{0x00});  // No label may be overwritten,
    CHECK(configuration[5] == std::byte{0x02});  // of the last filemarks all but the first.
}

TEST_CASE("MODE SELECT of the descriptor alone, as Linux' st sends it") {
    Tape tape;
    CHECK(good(tape.send({0x15, 0x10, 0, 0, 12, 0}, bytes({0, 0, 0x10, 8, 0x5e, 0, 0, 0, 0, 0, 2, 0}))));
    CHECK(good(tape.write_blocks(2, 512)));
    CHECK(good(tape.send({0x15, 0x10, 0, 0, 12, 0}, bytes({0, 0, 0x10, 8, 0x7f, 0, 0, 0, 0, 0, 0, 0}))));
    CHECK(good(tape.write(77)));
    // No LTO-8 drive writes LTO-3.
    CHECK(tape.send({0x15, 0x10, 0, 0, 12, 0}, bytes({0, 0, 0x10, 8, 0x44, 0, 0, 0, 0, 0, 2, 0})).sense.asc ==
          0x26);
}

TEST_CASE("all pages fit in what MODE SENSE(6) can send, subpages too") {
    Tape tape;
    const auto pages = sense_pages(tape, 0x3f);
    const auto subpages = sense_pages(tape, 0x3f, 0xff);
    CHECK(pages.size() > 100);
    CHECK(subpages.size() == pages.size() + 2 * 32);
    CHECK(subpages.size() + 12 <= 255);
    CHECK(sense_pages(tape, 0x0a, 0xf0)[1] == std::byte{0xf0});
    CHECK(sense_pages(tape, 0x10, 0x01)[1] == std::byte{0x01});
    CHECK(tape.send({0x1a, 0, 0xff, 0, 255, 0}, filled(255, 0)).sense.asc == 0x39);
    CHECK(sense_pages(tape, 0x08).empty());
}

TEST_CASE("compression is switched by either of its pages, and by nothing else") {
    Tape tape;
    CHECK(tape.backend.compression == true);
    auto page = sense_pages(tape, 0x0f);
    page[2] &= ~std::byte{0x80};
    CHECK(good(select_page(tape, page)));
    CHECK(tape.backend.compression == false);
    CHECK(sense_pages(tape, 0x10)[14] == std::byte{0});
    auto configuration = sense_pages(tape, 0x10);
    configuration[14] = std::byte{1};
    CHECK(good(select_page(tape, configuration)));
    CHECK(tape.backend.compression == true);
    CHECK((sense_pages(tape, 0x0f)[2] & std::byte{0x80}) != std::byte{0});
    CHECK(good(tape.set_block_length(512)));
    CHECK(tape.backend.compression == true);
}

TEST_CASE("the device configuration page tells the active partition") {
    MemoryCartridge cartridge;
    cartridge.format({500'000, 0});
    Tape tape(cartridge);
    tape.send({0x2b, 0x02, 0, 0, 0, 0, 0, 0, 1, 0});
    CHECK(sense_pages(tape, 0x10)[3] == std::byte{1});
    // What was sensed may be selected, wherever the head is by then.
    CHECK(good(select_page(tape, sense_pages(tape, 0x10))));
}

TEST_CASE("the medium partition page tells what is") {
    MemoryCartridge cartridge;
    cartridge.capacity = 12'000'000'000;
    cartridge.format({3'000'000'000, 0});
    Tape tape(cartridge);
    const auto page = sense_pages(tape, 0x11);
    // Three more at most, one more now; sizes in 10^9 bytes, by FORMAT MEDIUM.
    CHECK(page == bytes({0x11, 0x0e, 3, 1, 0x1c, 3, 9, 0, 0, 3, 0, 9, 0, 0, 0, 0}));
    CHECK(sense_pages(tape, 0x11, 0, 1) ==
          bytes({0x11, 0x0e, 0, 255, 0xf8, 0, 15, 0, 255, 255, 255, 255, 255, 255, 255, 255}));
}

TEST_CASE("the medium partition page takes what the medium can have, and no more") {
    Tape tape;
    CHECK(good(select_page(tape, bytes({0x11, 0x0a, 3, 1, 0x3c, 3, 3, 0, 0, 100, 255, 255}))));
    CHECK(select_page(tape, bytes({0x11, 0x0a, 3, 4, 0x3c, 3, 3, 0, 0, 100, 255, 255})).sense.asc == 0x26);
    CHECK(select_page(tape, bytes({0x11, 0x0a, 3, 1, 0x3c, 3, 9, 0, 0, 100, 255, 255})).sense.asc == 0x26);
    CHECK(select_page(tape, bytes({0x11, 0x0a, 3, 1, 0x3c, 3, 15, 0, 255, 254, 255, 255})).sense.asc == 0x26);
    Tape old({}, "lto-5");
    CHECK(sense_pages(old, 0x11)[2] == std::byte{1});
}

TEST_CASE("buffered modes 0 and 1 exist") {
    Tape tape;
    CHECK(good(tape.send({0x15, 0x10, 0, 0, 4, 0}, bytes({0, 0, 0x00, 0}))));
    CHECK(tape.send({0x1a, 0, 0x3f, 0, 12, 0}, filled(12, 0)).data[2] == std::byte{0});
    CHECK(tape.send({0x15, 0x10, 0, 0, 4, 0}, bytes({0, 0, 0x20, 0})).sense.asc == 0x26);
}

TEST_CASE("software write protection (SWP)") {
    Tape tape;
    auto page = sense_pages(tape, 0x0a);
    page[4] |= std::byte{0x08};
    CHECK(good(select_page(tape, page)));
    CHECK(tape.write(10).sense == scsi::sense::software_write_protected);
    CHECK((tape.send({0x1a, 0, 0x3f, 0, 12, 0}, filled(12, 0)).data[2] & std::byte{0x80}) != std::byte{0});
}

TEST_CASE("pages are sorted, and of one length for every generation") {
    CHECK(devices::tape_mode_pages(2).size() == 12);
    CHECK(devices::tape_mode_pages(4).size() == 12);
}

TEST_CASE("page 00h is header and block descriptor alone, as Linux' st asks for whenever a tape is opened") {
    Tape tape;
    REQUIRE(good(tape.send({0x15, 0x10, 0, 0, 12, 0}, bytes({0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 2, 0}))));
    const auto answer = tape.send({0x1a, 0, 0, 0, 12, 0}, filled(12, 0xa5));
    REQUIRE(good(answer));
    CHECK(answer.data_length == 12);
    CHECK(answer.data[0] == std::byte{11});
    CHECK(scsi::get_24(answer.data, 9) == 512);
}
