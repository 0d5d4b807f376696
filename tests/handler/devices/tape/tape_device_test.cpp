// SPDX-License-Identifier: Apache-2.0
// A drive and the order of its commands.
#include "handler/devices/tape/tape_device.hpp"

#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

const Bytes write_ten = bytes({0x0a, 0, 0, 0, 10, 0});
const Bytes rewind_it = bytes({0x01, 0, 0, 0, 0, 0});

std::string text_of(const Bytes& data, std::size_t at, std::size_t length) {
    return {reinterpret_cast<const char*>(data.data()) + at, length};
}

}  // namespace

TEST_CASE("a new drive tells that it was switched on, once; INQUIRY comes before that") {
    Tape tape;
    tape.start();
    CHECK(good(tape.send({0x12, 0, 0, 0, 96, 0}, filled(96, 0))));
    CHECK(tape.send({0x00, 0, 0, 0, 0, 0}).sense == sense::power_on);
    CHECK(good(tape.send({0x00, 0, 0, 0, 0, 0})));
}

TEST_CASE("one command begins when the one before has ended") {
    Tape tape;
    tape.backend.log.clear();
    tape.backend.hold = true;
    const auto first = tape.begin(write_ten, filled(10, 1));
    const auto second = tape.begin(write_ten, filled(10, 2));
    const auto third = tape.begin(rewind_it);
    CHECK(tape.backend.log == std::vector<std::string>{"write"});
    tape.backend.let_go();
    CHECK(first->answered());
    CHECK_FALSE(second->answered());
    CHECK(tape.backend.log == std::vector<std::string>{"write", "write"});
    tape.backend.hold = false;
    tape.backend.let_go();
    CHECK(third->answered());
    CHECK(tape.backend.log == std::vector<std::string>{"write", "write", "synchronize", "locate"});
    CHECK(tape.cartridge.partitions[0].objects[1].data == filled(10, 2));
}

TEST_CASE("INQUIRY and REQUEST SENSE don't wait, and REQUEST SENSE tells that something goes on") {
    Tape tape;
    tape.backend.hold = true;
    const auto erase = tape.begin(bytes({0x19, 3, 0, 0, 0, 0}));
    const auto waiting = tape.begin(bytes({0x00, 0, 0, 0, 0, 0}));
    CHECK(good(tape.send({0x12, 0, 0, 0, 96, 0}, filled(96, 0))));
    const auto requested = tape.send({0x03, 0, 0, 0, 18, 0}, filled(18, 0));
    // 00h/00h/16h with SKSV and how far it is.
    CHECK(requested.data[12] == std::byte{0x00});
    CHECK(requested.data[13] == std::byte{0x16});
    CHECK(requested.data[15] == std::byte{0x80});
    CHECK_FALSE(waiting->answered());
    tape.backend.hold = false;
    tape.backend.let_go();
    CHECK(waiting->answered());
    CHECK(tape.send({0x03, 0, 0, 0, 18, 0}, filled(18, 0)).data[13] == std::byte{0});
}

TEST_CASE("a command that is aborted while it waits is never begun") {
    Tape tape;
    tape.backend.hold = true;
    const auto first = tape.begin(write_ten, filled(10, 1));
    const auto second = tape.begin(write_ten, filled(10, 2));
    const auto third = tape.begin(write_ten, filled(10, 3));
    CHECK(tape.device->whereabouts(*second).words == "waiting for the commands before it");
    CHECK(tape.device->whereabouts(*first).words == "in its backend");
    third->aborted = true;
    tape.device->abort(*third);
    CHECK(third->answer().status == scsi::Status::task_aborted);
    second->aborted = true;
    tape.device->abort(*second);
    const auto fourth = tape.begin(write_ten, filled(10, 4));
    tape.backend.hold = false;
    tape.backend.let_go();
    CHECK(fourth->answered());
    CHECK(tape.cartridge.partitions[0].objects.size() == 2);
    CHECK(tape.cartridge.partitions[0].objects[1].data == filled(10, 4));
}

TEST_CASE("an abort of the command that runs is the backend's affair") {
    Tape tape;
    tape.backend.hold = true;
    const auto first = tape.begin(write_ten, filled(10, 1));
    first->aborted = true;
    tape.device->abort(*first);
    CHECK(first->answer().status == scsi::Status::task_aborted);
}

TEST_CASE("many commands that end at once don't pile up on the stack") {
    Tape tape;
    tape.backend.hold = true;
    const auto first = tape.begin(write_ten, filled(10, 1));
    std::vector<std::unique_ptr<Sent>> others;
    for (int i = 0; i < 20'000; ++i) others.push_back(tape.begin(bytes({0x00, 0, 0, 0, 0, 0})));
    tape.backend.hold = false;
    tape.backend.let_go();
    CHECK(others.back()->answered());
}

TEST_CASE("a drive says who made it, as the administrator chose") {
    Tape tape;
    auto inquiry = tape.send({0x12, 0, 0, 0, 96, 0}, filled(96, 0));
    CHECK(inquiry.data[0] == std::byte{0x01});
    CHECK(inquiry.data[1] == std::byte{0x80});
    CHECK(text_of(inquiry.data, 8, 28) == "TCMUD   LTO-8 DRIVE     0100");
    Tape ibm({}, "lto-9", "ibm");
    inquiry = ibm.send({0x12, 0, 0, 0, 96, 0}, filled(96, 0));
    CHECK(text_of(inquiry.data, 8, 24) == "IBM     ULT3580-TD9     ");
    const auto serial = ibm.send({0x12, 1, 0x80, 0, 96, 0}, filled(96, 0));
    CHECK(text_of(serial.data, 4, serial.data_length - 4) == "0123456789");
}

TEST_CASE("a drive whose backend has no serial number has its LUN's") {
    Tape tape;
    tape.backend.drive_serial.clear();
    const auto serial = tape.send({0x12, 1, 0x80, 0, 96, 0}, filled(96, 0));
    CHECK(text_of(serial.data, 4, serial.data_length - 4) == "0123456789abcdef");
}
