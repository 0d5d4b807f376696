// SPDX-License-Identifier: Apache-2.0
// A library's LUNs as initiators see them: device servers over it.
#include <catch2/catch.hpp>

#include "handler/devices/changer/changer_device.hpp"
#include "handler/devices/tape/tape_device.hpp"
#include "tests/handler/backends/tape/library/served_library.hpp"
#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

// A changer and its drives, all of them served.
struct Initiator {
    Initiator() {
        library.put("A00001L8", slot);
        library.put("A00002L8", next_slot);
        library.serve_all();
        changer.emplace(*library.changer, host);
        drive.emplace(*library.drives[1], host);
        // Of the start.
        changer->attentions().clear();
        drive->attentions().clear();
    }

    Answer send(devices::Device& device, std::initializer_list<unsigned> cdb, std::size_t room = 0) {
        Sent sent(bytes(cdb), filled(room, 0));
        device.execute(sent, devices::Reply(sent));
        library.until([&] { return sent.answered(); });
        return sent.answer();
    }
    Answer test_unit_ready() { return send(*drive, {0x00, 0, 0, 0, 0, 0}); }

    ServedLibrary library;
    Host host;
    std::optional<devices::ChangerDevice> changer;
    std::optional<devices::TapeDevice> drive;
};

std::string text_of(const Bytes& data, std::size_t at, std::size_t length) {
    return {reinterpret_cast<const char*>(data.data()) + at, length};
}

}  // namespace

TEST_CASE("READ ELEMENT STATUS names a drive as its own VPD page 83h does") {
    Initiator initiator;
    // DVCID, drive 257 alone.
    const auto status =
        initiator.send(*initiator.changer, {0xb8, 0x04, 0x01, 0x01, 0, 1, 0x01, 0, 1, 0, 0, 0}, 256);
    const auto page = initiator.send(*initiator.drive, {0x12, 1, 0x83, 0, 255, 0}, 255);
    // The first designator, of type T10 vendor ID.
    CHECK(page.data[5] == std::byte{0x01});
    const auto length = std::to_integer<std::size_t>(page.data[7]);
    CHECK(std::to_integer<std::size_t>(status.data[16 + 15]) == length);
    CHECK(text_of(status.data, 16 + 16, length) == text_of(page.data, 8, length));
    CHECK(text_of(page.data, 8, length) == "IBM     ULT3580-TD9     0002");
}

TEST_CASE("a drive has its cartridge when MOVE MEDIUM ends") {
    Initiator initiator;
    CHECK(initiator.test_unit_ready().sense.asc == 0x3a);
    // From slot 4096 to drive 257.
    const auto load = initiator.send(*initiator.changer, {0xa5, 0, 0, 1, 0x10, 0, 0x01, 0x01, 0, 0, 0, 0});
    CHECK(good(load));
    CHECK(good(initiator.test_unit_ready()));
    // PREVENT ALLOW MEDIUM REMOVAL of the drive keeps it there.
    CHECK(good(initiator.send(*initiator.drive, {0x1e, 0, 0, 0, 1, 0})));
    const auto back = [&] {
        return initiator.send(*initiator.changer, {0xa5, 0, 0, 1, 0x01, 0x01, 0x10, 0, 0, 0, 0, 0});
    };
    CHECK(back().sense == sense::medium_removal_prevented);
    CHECK(good(initiator.send(*initiator.drive, {0x1e, 0, 0, 0, 0, 0})));
    CHECK(good(back()));
    CHECK(initiator.test_unit_ready().sense.asc == 0x3a);
}
