// SPDX-License-Identifier: Apache-2.0
// What every device answers, shown by a disk.
#include "handler/devices/primary_device.hpp"

#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

TEST_CASE("TEST UNIT READY is GOOD without data") {
    Disk disk;
    CHECK(good(disk.send({0x00, 0, 0, 0, 0, 0})));
}

TEST_CASE("INQUIRY: the ALLOCATION LENGTH cuts and is never an error") {
    Disk disk;
    const auto whole = disk.send({0x12, 0, 0, 0, 255, 0}, filled(255, 0xa5));
    CHECK(good(whole));
    CHECK(whole.data_length == 96);
    CHECK(disk.send({0x12, 0, 0, 0, 5, 0}, filled(5, 0xa5)).data_length == 5);
    CHECK(good(disk.send({0x12, 0, 0, 0, 0, 0})));
    // A buffer that is smaller than the CDB says cuts as well.
    CHECK(disk.send({0x12, 0, 0, 0, 96, 0}, filled(10, 0xa5)).data_length == 10);
}

TEST_CASE("INQUIRY: a page without EVPD, and pages that do not exist") {
    Disk disk;
    CHECK(disk.send({0x12, 0, 0x80, 0, 96, 0}, filled(96, 0)).sense ==
          sense::invalid_field_in_cdb.in_cdb_byte(2));
    CHECK(disk.send({0x12, 1, 0x55, 0, 96, 0}, filled(96, 0)).sense.asc == 0x24);
}

TEST_CASE("a unit attention is told once; INQUIRY and REQUEST SENSE come before it") {
    Disk disk;
    disk.device->capacity_changed();
    CHECK(good(disk.send({0x12, 0, 0, 0, 96, 0}, filled(96, 0))));
    CHECK(disk.send({0x00, 0, 0, 0, 0, 0}).sense == sense::capacity_data_changed);
    CHECK(good(disk.send({0x00, 0, 0, 0, 0, 0})));
    disk.device->capacity_changed();
    const auto requested = disk.send({0x03, 0, 0, 0, 96, 0}, filled(96, 0xa5));
    CHECK(good(requested));
    CHECK(requested.data[2] == std::byte{0x06});
    CHECK(requested.data[12] == std::byte{0x2a});
    CHECK(good(disk.send({0x00, 0, 0, 0, 0, 0})));
}

TEST_CASE("MODE SELECT: D_SENSE changes the format of sense data") {
    Disk disk;
    CHECK(disk.device->sense_format() == scsi::SenseFormat::fixed);
    auto list = bytes({0, 0, 0, 0, 0x0a, 10, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    const auto current = disk.send({0x1a, 0x08, 0x0a, 0, 255, 0}, filled(255, 0));
    REQUIRE(good(current));
    for (std::size_t i = 0; i < 12; ++i) list[4 + i] = current.data[4 + i];
    list[6] |= std::byte{0x04};
    REQUIRE(good(disk.send({0x15, 0x10, 0, 0, 16, 0}, list)));
    CHECK(disk.device->sense_format() == scsi::SenseFormat::descriptor);
    disk.device->reset();
    CHECK(disk.device->sense_format() == scsi::SenseFormat::fixed);
}

TEST_CASE("MODE SENSE: saved values are told not to exist") {
    Disk disk;
    CHECK(disk.send({0x1a, 0, 0xc8, 0, 255, 0}, filled(255, 0)).sense.asc == 0x39);
}

TEST_CASE("REPORT SUPPORTED OPERATION CODES lists every command once, with its length") {
    Disk disk;
    const auto all = disk.send({0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0}, filled(8192, 0xa5));
    REQUIRE(good(all));
    const auto length = scsi::get_32(all.data, 0);
    CHECK(length == 8 * devices::BlockDevice::commands().size());
    CHECK(all.data_length == length + 4);
}

TEST_CASE("REPORT SUPPORTED OPERATION CODES tells one command's usage, and that another is unknown") {
    Disk disk;
    const auto known = disk.send({0xa3, 0x0c, 1, 0x28, 0, 0, 0, 0, 1, 0, 0, 0}, filled(256, 0));
    REQUIRE(good(known));
    CHECK((scsi::get_8(known.data, 1) & 7) == 3);
    CHECK(scsi::get_16(known.data, 2) == 10);
    CHECK(scsi::get_8(known.data, 4) == 0x28);
    const auto unknown = disk.send({0xa3, 0x0c, 1, 0x04, 0, 0, 0, 0, 1, 0, 0, 0}, filled(256, 0));
    CHECK((scsi::get_8(unknown.data, 1) & 7) == 1);
}
