// SPDX-License-Identifier: Apache-2.0
// The command table of a drive, as initiators see it.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("REPORT SUPPORTED OPERATION CODES tells every command of a drive with a timeout (RCTD)") {
    Tape tape;
    const auto all = tape.send({0xa3, 0x0c, 0x80, 0, 0, 0, 0, 0, 0x20, 0, 0, 0}, filled(8192, 0xee));
    REQUIRE(good(all));
    const auto length = scsi::get_32(all.data, 0);
    CHECK(length == 20 * devices::TapeDevice::commands().size());
    for (std::size_t at = 4; at < length; at += 20) {
        CAPTURE(std::to_integer<unsigned>(all.data[at]));
        CHECK((all.data[at + 5] & std::byte{0x02}) != std::byte{0});  // CTDP
        CHECK(scsi::get_16(all.data, at + 8) == 10);
        CHECK(scsi::get_32(all.data, at + 16) >= 60);
    }
}

TEST_CASE("a command of disks is none of a drive's") {
    Tape tape;
    CHECK(tape.send({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0)).sense ==
          scsi::sense::invalid_operation_code);
    // READ REVERSE, RECOVER BUFFERED DATA: no LTO drive has them.
    CHECK(tape.send({0x0f, 0, 0, 0, 1, 0}).sense == scsi::sense::invalid_operation_code);
    CHECK(tape.send({0x14, 0, 0, 0, 1, 0}).sense == scsi::sense::invalid_operation_code);
}

TEST_CASE("a drive's commands have their names") {
    Tape tape;
    Sent space(bytes({0x11, 0, 0, 0, 1, 0}), {});
    CHECK(tape.device->name_of(space) == "SPACE(6)");
}

TEST_CASE("every command answers any CDB, with and without a medium") {
    for (const bool loaded : {true, false}) {
        Tape tape;
        if (!loaded) tape.send({0x1b, 0, 0, 0, 0, 0});
        for (const auto& info : devices::TapeDevice::commands()) {
            for (const unsigned fill : {0x00u, 0xffu, 0x01u}) {
                auto cdb = filled(info.length, fill);
                cdb[0] = static_cast<std::byte>(info.opcode);
                if (info.service_action != scsi::no_service_action)
                    cdb[1] = static_cast<std::byte>(info.service_action);
                CAPTURE(info.name, fill, loaded);
                CHECK_NOTHROW(tape.send(cdb, filled(64, 0)));
                CHECK_NOTHROW(tape.send(cdb));
            }
        }
    }
}
