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

TEST_CASE("a plain command that its backend holds ends when it is aborted") {
    Disk disk;
    disk.backend.hold = true;
    const auto read = disk.begin(bytes({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}), filled(512, 0));
    const auto write = disk.begin(bytes({0x2a, 0, 0, 0, 0, 2, 0, 0, 1, 0}), filled(512, 1));
    for (auto* command : {read.get(), write.get()}) {
        CHECK(disk.device->whereabouts(*command).words == "in its backend");
        command->aborted = true;
        disk.device->abort(*command);
        REQUIRE(command->answered());
        CHECK(command->answer().status == scsi::Status::task_aborted);
    }
    CHECK(disk.device->idle());
}

TEST_CASE("a write that was aborted has lost nothing that a flush would have to tell") {
    Disk disk;
    disk.backend.hold = true;
    // FUA
    const auto write = disk.begin(bytes({0x2a, 0x08, 0, 0, 0, 2, 0, 0, 1, 0}), filled(512, 1));
    write->aborted = true;
    disk.device->abort(*write);
    REQUIRE(write->answered());
    disk.backend.hold = false;
    CHECK(good(disk.send(bytes({0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}))));
}

TEST_CASE("a command of several steps ends when it is aborted in one of them") {
    Disk disk;
    disk.backend.hold = true;
    auto both = disk.stored(2, 1);
    both.resize(1024);
    const auto compare_and_write =
        disk.begin(bytes({0x89, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0}), std::move(both));
    const auto behind = disk.begin(bytes({0x2a, 0, 0, 0, 0, 2, 0, 0, 1, 0}), filled(512, 1));
    CHECK(disk.device->whereabouts(*compare_and_write).words == "in its backend");
    CHECK(disk.device->whereabouts(*behind).words == "waiting for blocks that another command has to itself");
    compare_and_write->aborted = true;
    disk.device->abort(*compare_and_write);
    REQUIRE(compare_and_write->answered());
    CHECK(compare_and_write->answer().status == scsi::Status::task_aborted);
    // The range is the next one's.
    disk.backend.let_go();
    REQUIRE(behind->answered());
    CHECK(good(behind->answer()));
}

TEST_CASE("who waits for a flush and is aborted does not wait for its end; others do") {
    Disk disk;
    disk.backend.hold = true;
    const auto synchronize_cache = bytes({0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    const auto first = disk.begin(synchronize_cache, {});
    const auto second = disk.begin(synchronize_cache, {});
    const auto third = disk.begin(synchronize_cache, {});
    for (auto* command : {first.get(), second.get()}) {
        command->aborted = true;
        disk.device->abort(*command);
        REQUIRE(command->answered());
        CHECK(command->answer().status == scsi::Status::task_aborted);
    }
    CHECK_FALSE(disk.device->idle());
    CHECK_FALSE(third->answered());
    for (int i = 0; i < 3; ++i) disk.backend.let_go();
    REQUIRE(third->answered());
    CHECK(good(third->answer()));
    CHECK(disk.device->idle());
}

TEST_CASE("commands have the names of the standard") {
    Disk disk;
    const auto name = [&](std::initializer_list<unsigned> cdb) {
        Sent command(bytes(cdb), {});
        return disk.device->name_of(command);
    };
    CHECK(name({0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0}) == "WRITE(10)");
    CHECK(name({0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) == "READ CAPACITY(16)");
    CHECK(name({0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) == "REPORT TARGET PORT GROUPS");
    CHECK(name({0xa3, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}).empty());
    CHECK(name({0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0}).empty());
}
