// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/block/block_device.hpp"

#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;
using Log = std::vector<std::string>;

namespace {
const auto synchronize = bytes({0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0});
}  // namespace

TEST_CASE("SYNCHRONIZE CACHE flushes, and checks its range") {
    Disk disk;
    CHECK(good(disk.send(synchronize)));
    CHECK(disk.backend.log == Log{"flush"});
    CHECK(disk.send({0x35, 0, 0, 0, 0, 127, 0, 0, 2, 0}).sense == sense::lba_out_of_range);
}

TEST_CASE("SYNCHRONIZE CACHE with IMMED answers first") {
    Disk disk;
    disk.backend.hold = true;
    const auto sent = disk.begin(bytes({0x35, 2, 0, 0, 0, 0, 0, 0, 0, 0}));
    CHECK(sent->answered());
    CHECK_FALSE(disk.device->idle());
    disk.backend.let_go();
    CHECK(disk.device->idle());
}

TEST_CASE("flushes that wait share one, which begins after they came") {
    Disk disk;
    disk.backend.hold = true;
    const auto first = disk.begin(synchronize);
    const auto second = disk.begin(synchronize);
    const auto third = disk.begin(synchronize);
    CHECK(disk.backend.log == Log{"flush"});
    disk.backend.let_go();
    CHECK(first->answered());
    CHECK_FALSE(second->answered());
    disk.backend.let_go();
    CHECK((second->answered() && third->answered()));
    CHECK(disk.backend.log == Log{"flush", "flush"});
}

TEST_CASE("a failed flush is told until what may be lost was written again") {
    Disk disk;
    const auto write = [&] { return disk.send({0x2a, 0, 0, 0, 0, 8, 0, 0, 8, 0}, filled(4096, 1)); };
    REQUIRE(good(write()));
    disk.backend.fail_next = IoResult{IoStatus::io_error, 0, 0};
    CHECK(disk.send(synchronize).sense.key == scsi::SenseKey::medium_error);
    CHECK(disk.send(synchronize).sense.key == scsi::SenseKey::medium_error);
    REQUIRE(good(write()));
    CHECK(good(disk.send(synchronize)));
}

TEST_CASE("a stopped unit is not ready, until it is started or reset") {
    Disk disk;
    CHECK(good(disk.send({0x1b, 0, 0, 0, 0, 0})));
    CHECK(disk.send({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0)).sense ==
          sense::initializing_command_required);
    CHECK(good(disk.send({0x12, 0, 0, 0, 96, 0}, filled(96, 0))));
    CHECK(good(disk.send({0x1b, 0, 0, 0, 1, 0})));
    CHECK(good(disk.send({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0))));
    disk.send({0x1b, 0, 0, 0, 0, 0});
    disk.device->reset();
    CHECK(good(disk.send({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0))));
}

TEST_CASE("a disk without its backing store says who it is, and that it is not ready") {
    devices::BlockSettings settings;
    settings.absent = true;
    Disk disk(MemoryBackend({}).offered, settings);
    CHECK(good(disk.send({0x12, 0, 0, 0, 96, 0}, filled(96, 0))));
    CHECK(disk.send({0x00, 0, 0, 0, 0, 0}).sense == sense::not_ready_cause_unknown);
    CHECK(disk.send({0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}, filled(8, 0)).sense == sense::not_ready_cause_unknown);
    CHECK(disk.send({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0)).sense ==
          sense::not_ready_cause_unknown);
    CHECK(disk.send({0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 0)).sense ==
          sense::not_ready_cause_unknown);
    CHECK(disk.send(synchronize).sense == sense::not_ready_cause_unknown);
    CHECK(disk.backend.log.empty());
}

TEST_CASE("a write cache that goes off is flushed, and initiators are told") {
    Disk disk;
    disk.device->set_write_cache(false);
    CHECK(disk.backend.log == Log{"flush"});
    CHECK(disk.send({0x00, 0, 0, 0, 0, 0}).sense == sense::mode_parameters_changed);
    disk.device->set_write_cache(false);
    CHECK(good(disk.send({0x00, 0, 0, 0, 0, 0})));
}
