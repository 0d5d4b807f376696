// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/changer/changer_device.hpp"

#include <catch2/catch.hpp>

#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;
using Log = std::vector<std::string>;

namespace {

std::string text_of(const Bytes& data, std::size_t at, std::size_t length) {
    return {reinterpret_cast<const char*>(data.data()) + at, length};
}

Answer test_unit_ready(Changer& changer) {
    return changer.send({0x00, 0, 0, 0, 0, 0});
}

}  // namespace

TEST_CASE("INQUIRY: a medium changer that its backend names") {
    Changer changer;
    const auto data = changer.read({0x12, 0, 0, 0, 96, 0});
    CHECK(data[0] == std::byte{0x08});  // PERIPHERAL DEVICE TYPE
    CHECK(data[1] == std::byte{0x80});  // RMB
    CHECK(text_of(data, 8, 24) == "IBM     03584L32        ");
}

TEST_CASE("INQUIRY: the serial number is the library's") {
    Changer changer;
    CHECK(changer.read({0x12, 1, 0x00, 0, 96, 0}) == bytes({0x08, 0x00, 0, 3, 0x00, 0x80, 0x83}));
    const auto serial = changer.read({0x12, 1, 0x80, 0, 96, 0});
    CHECK(text_of(serial, 4, serial.size() - 4) == "0000078000000401");
    const auto designators = changer.read({0x12, 1, 0x83, 0, 255, 0});
    CHECK(text_of(designators, 8, 40) == "IBM     03584L32        0000078000000401");
}

TEST_CASE("a changer that begins says so once") {
    Changer changer;
    changer.device = std::make_unique<devices::ChangerDevice>(changer.backend, changer.host);
    CHECK(test_unit_ready(changer).sense == sense::power_on);
    CHECK(good(test_unit_ready(changer)));
}

TEST_CASE("MODE SENSE: element addresses, as a program asks that wants nothing else") {
    Changer changer;
    // DBD, page 1Dh, 136 bytes.
    CHECK(changer.read({0x1a, 0x08, 0x1d, 0, 136, 0}) ==
          bytes({
              23,   0,    0, 0,  // MODE DATA LENGTH; no block descriptor
              0x1d, 0x12,        // PAGE CODE, PAGE LENGTH
              0,    0x01, 0, 1,  // transport elements: first address, number
              0x10, 0,    0, 4,  // storage elements
              0,    0x10, 0, 2,  // import and export elements
              0x01, 0,    0, 2,  // drives
              0,    0,
          }));
}

TEST_CASE("MODE SENSE: what can be moved where") {
    Changer changer;
    CHECK(changer.read({0x1a, 0x08, 0x1e, 0, 136, 0}) == bytes({7, 0, 0, 0, 0x1e, 2, 0, 0}));
    CHECK(changer.read({0x1a, 0x08, 0x1f, 0, 136, 0}) ==
          bytes({
              23, 0,    0,    0,    0x1f, 0x12, 0x0e, 0,  // STORDT, STORI/E, STORST
              0,  0x0e, 0x0e, 0x0e,  // MOVE MEDIUM from transports, storage, import and export, drives
              0,  0,    0,    0,     //
              0,  0x0e, 0x0e, 0x0e,  // EXCHANGE MEDIUM
              0,  0,    0,    0,
          }));
}

TEST_CASE("MODE SELECT: where elements are cannot be changed, the format of sense data can") {
    Changer changer;
    const auto current = [&](unsigned page) {
        auto list = changer.read({0x1a, 0x08, page, 0, 136, 0});
        list[0] = std::byte{0};
        return list;
    };
    auto addresses = current(0x1d);
    CHECK(good(changer.send(bytes({0x15, 0x10, 0, 0, 24, 0}), addresses)));
    addresses[7] = std::byte{5};
    CHECK(changer.send(bytes({0x15, 0x10, 0, 0, 24, 0}), addresses).sense.asc == 0x26);
    auto control = current(0x0a);
    control[6] |= std::byte{0x04};
    CHECK(good(changer.send(bytes({0x15, 0x10, 0, 0, 16, 0}), control)));
    CHECK(changer.device->sense_format() == scsi::SenseFormat::descriptor);
}

TEST_CASE("INITIALIZE ELEMENT STATUS has nothing to look for") {
    Changer changer;
    CHECK(good(changer.send({0x07, 0, 0, 0, 0, 0})));
    // RANGE, from 1000h on, 4 elements.
    CHECK(good(changer.send({0x37, 0x01, 0x10, 0, 0, 0, 0, 4, 0, 0})));
    CHECK(good(changer.send({0xe7, 0x01, 0x10, 0, 0, 0, 0, 4, 0, 0})));
    CHECK(good(changer.send({0x37, 0x00, 0x20, 0, 0, 0, 0, 4, 0, 0})));
    CHECK(changer.send({0x37, 0x01, 0x20, 0, 0, 0, 0, 4, 0, 0}).sense == sense::invalid_element_address);
}

TEST_CASE("POSITION TO ELEMENT knows its addresses") {
    Changer changer;
    CHECK(good(changer.send({0x2b, 0, 0, 1, 0x10, 0x00, 0, 0, 0, 0})));
    CHECK(good(changer.send({0x2b, 0, 0, 0, 0x01, 0x00, 0, 0, 0, 0})));
    CHECK(changer.send({0x2b, 0, 0, 1, 0x20, 0x00, 0, 0, 0, 0}).sense == sense::invalid_element_address);
    CHECK(changer.send({0x2b, 0, 0, 2, 0x10, 0x00, 0, 0, 0, 0}).sense == sense::invalid_element_address);
    CHECK(changer.send({0x2b, 0, 0, 1, 0x10, 0x00, 0, 0, 1, 0}).sense ==
          sense::invalid_field_in_cdb.in_cdb(8, 0));
}

TEST_CASE("PREVENT ALLOW MEDIUM REMOVAL locks operators out, until a reset") {
    Changer changer;
    const auto open = [&] { return changer.send({0x1b, 0, 0, 0x10, 0, 0}); };
    CHECK(good(open()));
    CHECK(good(changer.send({0x1e, 0, 0, 0, 1, 0})));
    CHECK(open().sense == sense::medium_removal_prevented);
    CHECK(good(changer.send({0x1b, 0, 0, 0x10, 1, 0})));
    CHECK(good(changer.send({0x1e, 0, 0, 0, 0, 0})));
    CHECK(good(open()));
    CHECK(good(changer.send({0x1e, 0, 0, 0, 1, 0})));
    changer.device->reset();
    CHECK(good(open()));
    CHECK(changer.backend.log == Log{"prevent", "allow", "prevent", "allow"});
}

TEST_CASE("only import and export elements are opened") {
    Changer changer;
    CHECK(changer.send({0x1b, 0, 0x10, 0x00, 0, 0}).sense == sense::invalid_element_address);
    CHECK(changer.send({0x1b, 0, 0x20, 0x00, 0, 0}).sense == sense::invalid_element_address);
    CHECK(changer.send({0x1b, 0, 0, 0x10, 2, 0}).sense == sense::invalid_field_in_cdb.in_cdb(4, 4));
}

TEST_CASE("what operators change is told once") {
    Changer changer;
    changer.device->import_export_accessed();
    CHECK(test_unit_ready(changer).sense == sense::import_export_accessed);
    changer.device->inventory_changed();
    CHECK(test_unit_ready(changer).sense == sense::medium_may_have_changed);
    CHECK(good(test_unit_ready(changer)));
}
