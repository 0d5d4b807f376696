// SPDX-License-Identifier: Apache-2.0
// The buttons at the front of a drive.
#include <cassert>
#include <optional>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
using Catch::Matchers::Contains;
using Button = devices::TapeDevice::Button;
namespace sense = tcmud::scsi::sense;

namespace {

const auto is_it_ready = bytes({0x00, 0, 0, 0, 0, 0});
const auto prevent_removal = bytes({0x1e, 0, 0, 0, 1, 0});
const auto to_beginning = bytes({0x01, 0, 0, 0, 0, 0});

// What the operator is told, once it is.
struct Pressed {
    Pressed(Tape& tape, Button button) {
        tape.device->press(button, [this](Result<void> result) {
            assert(!told);
            told.emplace(std::move(result));
        });
    }
    Pressed(const Pressed&) = delete;
    Pressed& operator=(const Pressed&) = delete;
    ~Pressed() { assert(told); }
    bool good() const { return told && told->has_value(); }
    std::string why() const { return told && !*told ? told->error().text : std::string(); }

    std::optional<Result<void>> told;
};

scsi::Sense readiness(Tape& tape) {
    return tape.send(is_it_ready).sense;
}

}  // namespace

TEST_CASE("an operator unloads a medium: it is not present, until he loads it again") {
    Tape tape;
    tape.write(10);
    CHECK(Pressed(tape, Button::unload).good());
    CHECK(tape.backend.log.back() == "unload");
    CHECK(readiness(tape) == sense::medium_not_present);
    CHECK(Pressed(tape, Button::load).good());
    CHECK(readiness(tape) == sense::medium_may_have_changed);
    CHECK(good(tape.send(is_it_ready)));
    CHECK(tape.position() == 0);
    CHECK(good(tape.read(10)));
}

TEST_CASE("while an initiator prevents it an operator cannot unload, and the drive raises the alert") {
    Tape tape;
    tape.send(prevent_removal);
    CHECK_THAT(Pressed(tape, Button::unload).why(), Contains("an initiator prevents the removal"));
    CHECK(tape.backend.medium());
    CHECK(good(tape.send(is_it_ready)));
    // LOG SENSE of TapeAlert: flag 10, NO REMOVAL.
    const auto alerts = tape.send({0x4d, 0, 0x6e, 0, 0, 0, 10, 0, 255, 0}, filled(255, 0)).data;
    CHECK(scsi::get_16(alerts, 4) == 10);
    CHECK(alerts[8] == std::byte{1});
}

TEST_CASE("what is so already is refused, and so is an empty drive") {
    Tape tape;
    CHECK_THAT(Pressed(tape, Button::load).why(), Contains("loaded already"));
    CHECK(Pressed(tape, Button::unload).good());
    CHECK_THAT(Pressed(tape, Button::unload).why(), Contains("not loaded"));
    tape.backend.insert(nullptr);
    CHECK_THAT(Pressed(tape, Button::load).why(), Contains("no cartridge"));
    CHECK_THAT(Pressed(tape, Button::unload).why(), Contains("no cartridge"));
    CHECK(tape.backend.log.size() == 1);
}

TEST_CASE("a medium that cannot be synchronised stays loaded, and the operator is told") {
    Tape tape;
    tape.backend.fail_next = TapeStatus::io_error;
    CHECK_THAT(Pressed(tape, Button::unload).why(), Contains("stays loaded"));
    CHECK(good(tape.send(is_it_ready)));
    Pressed(tape, Button::unload);
    tape.backend.fail_next = TapeStatus::io_error;
    CHECK_THAT(Pressed(tape, Button::load).why(), Contains("cannot be loaded"));
    CHECK(readiness(tape) == sense::medium_not_present);
}

TEST_CASE("an operator waits for the command that is under way, and those after him for the operator") {
    Tape tape;
    tape.backend.hold = true;
    const auto before = tape.begin(to_beginning);
    const Pressed unload(tape, Button::unload);
    const auto after = tape.begin(is_it_ready);
    CHECK_FALSE(tape.device->idle());
    CHECK_FALSE(unload.told);
    CHECK(tape.backend.log.size() == 1);
    tape.backend.let_go();
    CHECK(before->answered());
    CHECK_FALSE(unload.told);
    CHECK_FALSE(after->answered());
    tape.backend.let_go();
    CHECK(unload.good());
    CHECK(after->answer().sense == sense::medium_not_present);
    CHECK(tape.device->idle());
}

TEST_CASE("one operator at a time; who waits for the device to be idle waits for him") {
    Tape tape;
    bool idle = false;
    tape.device->became_idle = [&] { idle = tape.device->idle(); };
    tape.backend.hold = true;
    const Pressed first(tape, Button::unload);
    CHECK_THAT(Pressed(tape, Button::unload).why(), Contains("another operator"));
    CHECK_FALSE(idle);
    tape.backend.let_go();
    CHECK(first.good());
    CHECK(idle);
}

TEST_CASE("a unit attention is left to the initiators") {
    Tape tape;
    tape.start();
    CHECK(Pressed(tape, Button::unload).good());
    CHECK(readiness(tape) == sense::power_on);
    CHECK(readiness(tape) == sense::medium_not_present);
}

TEST_CASE("a daemon that is killed has an heir whose medium is unloaded, too") {
    Tape tape;
    const auto number = tape.number;
    tape.write(10);
    CHECK(Pressed(tape, Button::unload).good());
    tape.backend.insert(&tape.cartridge);
    tape.restart(true);
    // The command before is known by its number still.
    tape.number = number;
    CHECK(good(tape.write(10)));
    CHECK(readiness(tape) == sense::medium_not_present);
    CHECK(Pressed(tape, Button::load).good());
    tape.restart(true);
    CHECK(readiness(tape) == sense::medium_may_have_changed);
    CHECK(good(tape.send(is_it_ready)));
    CHECK(tape.cartridge.partitions[0].objects.size() == 1);
}

TEST_CASE("what an heir unloads has been brought to where the head was") {
    Tape tape;
    tape.write(10);
    tape.restart(false);
    CHECK(Pressed(tape, Button::unload).good());
    CHECK(tape.backend.log.back() == "unload");
    CHECK(readiness(tape) == sense::medium_not_present);
}
