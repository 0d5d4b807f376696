// SPDX-License-Identifier: Apache-2.0
// A drive whose daemon was killed, or stopped, and the one that follows on the same LUN.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

const Bytes test_unit_ready = bytes({0x00, 0, 0, 0, 0, 0});

// The same command again, as a successor gets it that finds it unanswered in the ring.
Answer replay(Tape& tape, std::uint32_t number, const Bytes& cdb, Bytes data = {}) {
    const auto next = std::exchange(tape.number, number);
    auto answer = tape.send(cdb, std::move(data));
    tape.number = next;
    return answer;
}
// What the backend's head is at in a successor: the beginning.
void lose_head(Tape& tape) {
    tape.backend.insert(&tape.cartridge);
}

}  // namespace

TEST_CASE("what is kept fits in the journal") {
    Tape tape;
    for (unsigned i = 0; i < 20; ++i) tape.device->medium_changed();
    CHECK(tape.device->state().size() < 600);
}

TEST_CASE("after an orderly stop the head stands where it stood, and nobody is told anything") {
    Tape tape;
    tape.write(10, 1);
    tape.write(10, 2);
    tape.space(0, -1);
    tape.set_block_length(512);
    tape.send({0x1e, 0, 0, 0, 1, 0});
    lose_head(tape);
    tape.backend.removal_prevented = false;
    tape.restart(false);
    CHECK(tape.backend.removal_prevented);
    CHECK(good(tape.send(test_unit_ready)));
    CHECK(tape.position() == 1);
    CHECK(tape.send({0x1a, 0, 0x3f, 0, 12, 0}, filled(12, 0)).data[10] == std::byte{2});
    CHECK(tape.send({0x1b, 0, 0, 0, 0, 0}).sense == sense::medium_removal_prevented);
}

TEST_CASE("a unit attention that nobody was told of is told by the next daemon, once") {
    Tape tape;
    tape.device->medium_changed();
    tape.restart(false);
    CHECK(tape.send(test_unit_ready).sense == sense::medium_may_have_changed);
    CHECK(good(tape.send(test_unit_ready)));
}

TEST_CASE("a command that had taken effect is told again, not done again") {
    Tape tape;
    const auto number = tape.number;
    tape.write(10, 1);
    lose_head(tape);
    tape.restart(true);
    const auto answer = replay(tape, number, bytes({0x0a, 0, 0, 0, 10, 0}), filled(10, 1));
    CHECK(good(answer));
    CHECK(tape.cartridge.partitions[0].objects.size() == 1);
    CHECK(tape.position() == 1);
}

TEST_CASE("so is one that ended with sense data, and how much was read") {
    Tape tape;
    tape.write(10, 1);
    tape.rewind();
    const auto number = tape.number;
    const auto before = tape.read(100);
    lose_head(tape);
    tape.restart(true);
    const auto after = replay(tape, number, bytes({0x08, 0, 0, 0, 100, 0}), filled(100, 1));
    CHECK(after.status == before.status);
    CHECK(after.sense == before.sense);
    CHECK(after.data_length == 10);
    CHECK(tape.position() == 1);
}

TEST_CASE("a command whose effect was not kept yet begins again, where it had begun") {
    Tape tape;
    tape.write(10, 1);
    const auto kept = tape.state;
    const auto number = tape.number;
    tape.write(10, 2);
    tape.state = kept;
    lose_head(tape);
    tape.restart(true);
    tape.backend.log.clear();
    CHECK(good(replay(tape, number, bytes({0x0a, 0, 0, 0, 10, 0}), filled(10, 2))));
    CHECK(tape.backend.log == std::vector<std::string>{"resume, cut", "write"});
    CHECK(tape.cartridge.partitions[0].objects.size() == 2);
}

TEST_CASE("what is only read is not cut") {
    Tape tape;
    for (unsigned i = 0; i < 4; ++i) tape.write(10, i);
    tape.rewind();
    const auto kept = tape.state;
    const auto number = tape.number;
    tape.read(10);
    tape.state = kept;
    tape.restart(true);
    tape.backend.log.clear();
    CHECK(good(replay(tape, number, bytes({0x08, 0, 0, 0, 10, 0}), filled(10, 0))));
    CHECK(tape.backend.log == std::vector<std::string>{"resume", "read"});
    CHECK(tape.cartridge.partitions[0].objects.size() == 4);
}

TEST_CASE("a write that is refused cuts nothing") {
    Tape tape;
    for (unsigned i = 0; i < 4; ++i) tape.write(10, i);
    tape.rewind();
    tape.restart(true);
    CHECK(tape.send({0x0a, 1, 0, 0, 1, 0}, filled(10, 0)).sense.asc == 0x24);
    CHECK(tape.cartridge.partitions[0].objects.size() == 4);
}

TEST_CASE("where nothing was left unanswered, a number that comes again is another command's") {
    Tape tape;
    const auto number = tape.number;
    tape.write(10, 1);
    tape.restart(false);
    CHECK(good(replay(tape, number, bytes({0x0a, 0, 0, 0, 10, 0}), filled(10, 1))));
    CHECK(tape.cartridge.partitions[0].objects.size() == 2);
}

TEST_CASE("a medium that was unloaded stays so, though the backend has loaded it") {
    Tape tape;
    tape.send({0x1b, 0, 0, 0, 0, 0});
    lose_head(tape);
    tape.restart(false);
    CHECK(tape.send(test_unit_ready).sense == sense::medium_not_present);
}

TEST_CASE("a medium that was loaded is so again, where its head stood") {
    Tape tape;
    tape.write(10, 1);
    tape.backend.insert(&tape.cartridge, false);
    tape.restart(false);
    CHECK(good(tape.send(test_unit_ready)));
    CHECK(tape.position() == 1);
}

TEST_CASE("another cartridge than before is told") {
    Tape tape;
    tape.write(10, 1);
    MemoryCartridge other;
    other.id = "another";
    tape.backend.insert(&other);
    tape.restart(false);
    CHECK(tape.send(test_unit_ready).sense == sense::medium_may_have_changed);
    CHECK(tape.position() == 0);
    tape.backend.insert(nullptr);
    tape.restart(false);
    CHECK(tape.send(test_unit_ready).sense == sense::medium_not_present);
}

TEST_CASE("a state that is cut or of another version changes nothing") {
    Tape tape;
    tape.write(10, 1);
    auto kept = tape.state;
    for (std::size_t length = 0; length < kept.size(); ++length) {
        tape.state = {kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(length)};
        tape.restart(true);
        CHECK(tape.send(test_unit_ready).sense == sense::power_on);
    }
    kept[0] = std::byte{99};
    tape.state = kept;
    tape.restart(true);
    CHECK(tape.send(test_unit_ready).sense == sense::power_on);
}
