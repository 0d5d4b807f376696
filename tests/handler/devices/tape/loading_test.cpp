// SPDX-License-Identifier: Apache-2.0
// LOAD UNLOAD, PREVENT ALLOW MEDIUM REMOVAL, and cartridges that come and go.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

Answer ready(Tape& tape) {
    return tape.send({0x00, 0, 0, 0, 0, 0});
}
Answer load(Tape& tape) {
    return tape.send({0x1b, 0, 0, 0, 1, 0});
}
Answer unload(Tape& tape) {
    return tape.send({0x1b, 0, 0, 0, 0, 0});
}

}  // namespace

TEST_CASE("an unloaded medium is not present, though its cartridge is in the drive") {
    Tape tape;
    tape.write(10);
    CHECK(good(unload(tape)));
    CHECK(ready(tape).sense == sense::medium_not_present);
    CHECK(good(unload(tape)));
}

TEST_CASE("LOAD after UNLOAD loads it again, at its beginning; initiators are told once") {
    Tape tape;
    tape.write(10);
    unload(tape);
    CHECK(good(load(tape)));
    CHECK(ready(tape).sense == sense::medium_may_have_changed);
    CHECK(good(ready(tape)));
    CHECK(tape.position() == 0);
    CHECK(good(tape.read(10)));
}

TEST_CASE("LOAD of a loaded medium rewinds it") {
    Tape tape;
    tape.write(10);
    CHECK(good(load(tape)));
    CHECK(tape.position() == 0);
    CHECK(good(ready(tape)));
}

TEST_CASE("LOAD without a cartridge: MEDIUM NOT PRESENT") {
    Tape tape;
    tape.backend.insert(nullptr);
    CHECK(load(tape).sense == sense::medium_not_present);
}

TEST_CASE("LOAD to the end of the tape is refused; HOLD and RETEN mean nothing") {
    Tape tape;
    CHECK(tape.send({0x1b, 0, 0, 0, 5, 0}).sense == sense::invalid_field_in_cdb.in_cdb(4, 2));
    CHECK(good(tape.send({0x1b, 1, 0, 0, 0x0b, 0})));
}

TEST_CASE("PREVENT: UNLOAD is refused, and the changer knows") {
    Tape tape;
    CHECK(good(tape.send({0x1e, 0, 0, 0, 1, 0})));
    CHECK(tape.backend.removal_prevented);
    CHECK(unload(tape).sense == sense::medium_removal_prevented);
    CHECK(good(tape.send({0x1e, 0, 0, 0, 0, 0})));
    CHECK_FALSE(tape.backend.removal_prevented);
    CHECK(good(unload(tape)));
}

TEST_CASE("a LUN reset allows removal, and leaves the head where it is") {
    Tape tape;
    tape.write(10);
    tape.send({0x1e, 0, 0, 0, 1, 0});
    tape.set_block_length(512);
    tape.device->reset();
    CHECK_FALSE(tape.backend.removal_prevented);
    CHECK(tape.position() == 1);
    // The block length is back at its default: variable.
    CHECK(tape.read_blocks(1, 512).sense.asc == 0x24);
}

TEST_CASE("a robot's cartridge: initiators are told, once") {
    Tape tape;
    tape.backend.insert(nullptr);
    tape.device->medium_changed();
    CHECK(ready(tape).sense == sense::medium_not_present);
    MemoryCartridge other;
    tape.backend.insert(&other);
    tape.device->medium_changed();
    CHECK(ready(tape).sense == sense::medium_may_have_changed);
    CHECK(good(ready(tape)));
}

TEST_CASE("a cartridge of a generation that the drive cannot read, and a cleaning cartridge") {
    MemoryCartridge old;
    old.density = 0x44;
    Tape tape(old);
    CHECK(ready(tape).sense == sense::incompatible_medium_installed);
    MemoryCartridge cleaning;
    cleaning.cleaning = true;
    Tape to_be_cleaned(cleaning);
    CHECK(ready(to_be_cleaned).sense == sense::cleaning_cartridge_installed);
}
