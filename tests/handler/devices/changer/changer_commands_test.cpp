// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "handler/scsi/command_info.hpp"
#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

TEST_CASE("an operation code that a changer does not have is unknown") {
    Changer changer;
    for (const unsigned opcode : {0x08u, 0x28u, 0x2au, 0x34u, 0x88u, 0xc0u}) {
        auto cdb = filled(16, 0);
        cdb[0] = static_cast<std::byte>(opcode);
        INFO("opcode " << opcode);
        CHECK(changer.send(cdb, filled(512, 0)).sense == sense::invalid_operation_code);
    }
}

TEST_CASE("a LUN in byte 1, where Linux's ch driver puts it, does no harm") {
    Changer changer;
    const unsigned lun_3 = 0x60;
    CHECK(good(changer.send({0x1a, lun_3, 0x1d, 0, 255, 0}, filled(255, 0))));
    CHECK(good(changer.send({0x07, lun_3, 0, 0, 0, 0})));
    CHECK(good(changer.send({0xb8, lun_3 | 0x14, 0x01, 0, 0, 1, 0, 0, 0, 255, 0, 0}, filled(255, 0))));
    CHECK(good(changer.send({0xa5, lun_3, 0, 1, 0x10, 0, 0x01, 0, 0, 0, 0, 0})));
}

TEST_CASE("a bit that a changer's command does not know is refused") {
    Changer changer;
    CHECK(changer.send({0xa5, 0x01, 0, 1, 0x10, 0, 0x01, 0, 0, 0, 0, 0}).sense ==
          sense::invalid_field_in_cdb.in_cdb(1, 0));
    CHECK(changer.backend.log.empty());
}

TEST_CASE("REPORT SUPPORTED OPERATION CODES tells how long a move may take") {
    Changer changer;
    // RCTD, one command by its operation code.
    const auto data = changer.read({0xa3, 0x0c, 0x81, 0xa5, 0, 0, 0, 0, 1, 0, 0, 0});
    REQUIRE(data.size() == 4 + 12 + 12);
    CHECK(Bytes(data.end() - 12, data.end()) == bytes({0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x58}));
}
