// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "handler/scsi/command_info.hpp"
#include "tests/support/disk.hpp"
#include "uio/ring.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

std::vector<scsi::CommandInfo> rows_of(unsigned opcode) {
    std::vector<scsi::CommandInfo> rows;
    for (const auto& info : devices::BlockDevice::commands()) {
        if (static_cast<unsigned>(info.opcode) == opcode) rows.push_back(info);
    }
    return rows;
}

}  // namespace

TEST_CASE("every operation code that is not in the table is unknown") {
    Disk disk;
    unsigned unknown = 0;
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        if (!rows_of(opcode).empty()) continue;
        auto cdb = filled(16, 0);
        cdb[0] = static_cast<std::byte>(opcode);
        INFO("opcode " << opcode);
        CHECK(disk.send(cdb, filled(512, 0)).sense == sense::invalid_operation_code);
        ++unknown;
    }
    CHECK(unknown > 200);
    CHECK(disk.backend.log.empty());
}

TEST_CASE("every service action that is not in the table is unknown") {
    Disk disk;
    for (const unsigned opcode : {0x83u, 0x84u, 0x9eu, 0xa3u, 0xa4u}) {
        for (unsigned action = 0; action < 32; ++action) {
            const auto rows = rows_of(opcode);
            if (std::ranges::any_of(rows, [&](const auto& row) { return row.service_action == action; }))
                continue;
            auto cdb = filled(opcode < 0xa0 ? 16 : 12, 0);
            cdb[0] = static_cast<std::byte>(opcode);
            cdb[1] = static_cast<std::byte>(action);
            INFO("opcode " << opcode << " action " << action);
            const auto answer = disk.send(cdb, filled(512, 0));
            CHECK(answer.status == scsi::Status::check_condition);
            CHECK(answer.sense.key == scsi::SenseKey::illegal_request);
        }
    }
}

TEST_CASE("a bit that a command does not know is refused, with a pointer to it") {
    Disk disk;
    for (const auto& info : devices::BlockDevice::commands()) {
        // Byte 1 and all behind it, but for the CONTROL byte.
        for (std::size_t at = 1; at + 1u < info.length; ++at) {
            const auto known = info.usage[at];
            if (known == 0xff) continue;
            auto cdb = filled(info.length, 0);
            cdb[0] = static_cast<std::byte>(info.opcode);
            if (info.service_action != scsi::no_service_action)
                cdb[1] = static_cast<std::byte>(info.service_action);
            unsigned bit = 7;
            while ((known >> bit & 1) != 0) --bit;
            cdb[at] |= static_cast<std::byte>(1u << bit);
            INFO(info.name << " byte " << at << " bit " << bit);
            CHECK(disk.send(cdb, filled(512, 0)).sense ==
                  sense::invalid_field_in_cdb.in_cdb(static_cast<std::uint16_t>(at), bit));
        }
    }
    CHECK(disk.backend.log.empty());
}

TEST_CASE("without thin provisioning there is no UNMAP") {
    Disk disk(BlockTraits{});
    CHECK(disk.send({0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0}).sense == sense::invalid_operation_code);
}
