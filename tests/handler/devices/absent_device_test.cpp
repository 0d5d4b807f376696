// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/absent_device.hpp"

#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

struct Absent {
    Answer send(const Bytes& cdb, std::size_t room = 0) {
        Sent sent(cdb, filled(room, 0));
        device.execute(sent, devices::Reply(sent));
        REQUIRE(sent.answered());
        return sent.answer();
    }
    test::Host host;
    devices::AbsentDevice device{scsi::DeviceType::tape, host};
};

}  // namespace

TEST_CASE("a device without its backend says what it is, and is NOT READY") {
    Absent absent;
    const auto inquiry = absent.send(bytes({0x12, 0, 0, 0, 96, 0}), 96);
    CHECK(good(inquiry));
    CHECK(inquiry.data.at(0) == std::byte{0x01});
    CHECK(inquiry.data.at(1) == std::byte{0x80});  // RMB
    CHECK(absent.send(bytes({0x00, 0, 0, 0, 0, 0})).sense == sense::not_ready_cause_unknown);
}

TEST_CASE("so is every command that its type may have") {
    Absent absent;
    for (const unsigned opcode : {0x01u, 0x08u, 0x0au, 0x10u, 0x1au, 0x55u, 0xa5u, 0xb8u, 0xc0u}) {
        auto cdb = filled(12, 0);
        cdb[0] = static_cast<std::byte>(opcode);
        CHECK(absent.send(cdb, 16).sense == sense::not_ready_cause_unknown);
    }
}
