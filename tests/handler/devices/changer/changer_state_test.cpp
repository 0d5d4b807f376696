// SPDX-License-Identifier: Apache-2.0
// What a changer that follows another one on the same LUN is found to be.
#include <catch2/catch.hpp>

#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

TEST_CASE("what a changer was told is known to the next one") {
    Changer changer;
    auto control = changer.read({0x1a, 0x08, 0x0a, 0, 136, 0});
    control[0] = std::byte{0};
    control[6] |= std::byte{0x04};
    REQUIRE(good(changer.send(bytes({0x15, 0x10, 0, 0, 16, 0}), control)));
    REQUIRE(good(changer.send({0x1e, 0, 0, 0, 1, 0})));
    auto tag = filled(40, 0x20);
    tag[0] = std::byte{'*'};
    REQUIRE(good(changer.send(bytes({0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0}), tag)));
    REQUIRE(good(changer.move(0x1000, 0x100)));
    const auto found = changer.read({0xb5, 0x10, 0, 0, 0xff, 0xff, 0, 0, 4, 0, 0, 0});
    changer.restart();
    CHECK(changer.device->sense_format() == scsi::SenseFormat::descriptor);
    CHECK(changer.backend.log.back() == "prevent");
    CHECK(changer.send({0x1b, 0, 0, 0x10, 0, 0}).sense == sense::medium_removal_prevented);
    CHECK(changer.read({0xb5, 0x10, 0, 0, 0xff, 0xff, 0, 0, 4, 0, 0, 0}) == found);
}

TEST_CASE("the next daemon's changer does not begin anew, and tells what was not told") {
    Changer changer;
    changer.device->import_export_accessed();
    changer.restart();
    CHECK(changer.send({0x00, 0, 0, 0, 0, 0}).sense == sense::import_export_accessed);
    CHECK(good(changer.send({0x00, 0, 0, 0, 0, 0})));
}

TEST_CASE("a changer that has other elements than its predecessor says so") {
    Changer changer;
    changer.backend.add(ElementType::drive, MemoryChanger::drive + 2, 1);
    changer.restart();
    CHECK(changer.send({0x00, 0, 0, 0, 0, 0}).sense == sense::mode_parameters_changed);
    CHECK(changer.send({0x00, 0, 0, 0, 0, 0}).sense == sense::medium_may_have_changed);
    CHECK(good(changer.send({0x00, 0, 0, 0, 0, 0})));
    changer.restart();
    CHECK(good(changer.send({0x00, 0, 0, 0, 0, 0})));
}

TEST_CASE("a changer's state that is cut or of another version is none") {
    Changer changer;
    REQUIRE(good(changer.send({0x1e, 0, 0, 0, 1, 0})));
    REQUIRE(good(changer.move(0x1000, 0x100)));
    const auto state = changer.device->state();
    CHECK(state.size() <= 1000);
    for (std::size_t size = 0; size < state.size(); ++size) {
        Changer next;
        next.device->restore(std::span(state).first(size), true);
        CHECK(good(next.send({0x00, 0, 0, 0, 0, 0})));
    }
    auto other = state;
    other[0] = std::byte{0x77};
    Changer next;
    next.device->restore(other, true);
    CHECK(next.backend.log.empty());
}

TEST_CASE("every change that the next one must know is said") {
    Changer changer;
    unsigned changes = 0;
    changer.device->state_changed = [&] { ++changes; };
    REQUIRE(good(changer.send({0x1e, 0, 0, 0, 1, 0})));
    CHECK(changes == 1);
    changer.backend.hold = true;
    const auto move = changer.begin(Changer::move_cdb(0x1000, 0x100));
    CHECK(changes == 2);  // Before the cartridge has arrived.
    changer.backend.let_go();
    changer.device->inventory_changed();
    CHECK(changes == 3);
}
