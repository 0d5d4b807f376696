// SPDX-License-Identifier: Apache-2.0
// What a disk that follows another one on the same LUN is found to be.
#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
using scsi::Status;

namespace {

constexpr unsigned caching_page = 0x08, control_page = 0x0a;

Answer mode_select(Disk& disk, const Bytes& page) {
    auto list = bytes({0, 0, 0, 0});
    list.insert(list.end(), page.begin(), page.end());
    return disk.send(bytes({0x15, 0x10, 0, 0, static_cast<unsigned>(list.size()), 0}), list);
}
Bytes mode_page(Disk& disk, unsigned code) {
    const auto answer = disk.send(bytes({0x1a, 0x08, code, 0, 64, 0}), filled(64, 0));
    return {answer.data.begin() + 4, answer.data.begin() + static_cast<std::ptrdiff_t>(answer.data_length)};
}
void set_bit(Disk& disk, unsigned code, std::size_t byte, unsigned mask, bool on) {
    auto page = mode_page(disk, code);
    page[byte] = on ? page[byte] | std::byte(mask) : page[byte] & ~std::byte(mask);
    REQUIRE(mode_select(disk, page).status == Status::good);
}
bool is_set(Disk& disk, unsigned code, std::size_t byte, unsigned mask) {
    return (mode_page(disk, code)[byte] & std::byte(mask)) != std::byte{0};
}

}  // namespace

TEST_CASE("what MODE SELECT has set is set in the next daemon") {
    Disk before, after;
    set_bit(before, caching_page, 2, 0x04, false);
    set_bit(before, control_page, 2, 0x04, true);
    set_bit(before, control_page, 4, 0x08, true);
    after.device->restore(before.device->state(), true);
    CHECK_FALSE(is_set(after, caching_page, 2, 0x04));
    CHECK(is_set(after, control_page, 2, 0x04));
    CHECK(after.device->sense_format() == scsi::SenseFormat::descriptor);
    CHECK(after.send({0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0}, filled(512, 1)).sense ==
          scsi::sense::software_write_protected);
}

TEST_CASE("what the administrator says of the cache since then counts") {
    Disk before, after(MemoryBackend({}).offered, {.write_cache = false});
    CHECK(before.device->write_cache());
    after.device->restore(before.device->state(), true);
    CHECK_FALSE(after.device->write_cache());
}

TEST_CASE("a unit that was stopped is stopped") {
    Disk before, after;
    before.send({0x1b, 0, 0, 0, 0, 0});
    after.device->restore(before.device->state(), true);
    CHECK(after.send({0x00, 0, 0, 0, 0, 0}).sense == scsi::sense::initializing_command_required);
}

TEST_CASE("a unit attention that nobody was told of is told by the next daemon, once") {
    Disk before, after;
    before.device->set_write_cache(false);
    after.device->restore(before.device->state(), true);
    CHECK(after.send({0x00, 0, 0, 0, 0, 0}).sense == scsi::sense::mode_parameters_changed);
    CHECK(after.send({0x00, 0, 0, 0, 0, 0}).status == Status::good);
}

TEST_CASE("what a failed flush has lost is lost in the next daemon, until it is written again") {
    const auto synchronize = [](Disk& disk) { return disk.send({0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}); };
    Disk before, after;
    before.send({0x2a, 0, 0, 0, 0, 8, 0, 0, 1, 0}, filled(512, 1));
    before.backend.fail_next = IoResult{IoStatus::io_error, 0, 0};
    REQUIRE(synchronize(before).status == Status::check_condition);
    after.device->restore(before.device->state(), true);
    CHECK(synchronize(after).sense.key == scsi::SenseKey::medium_error);
    CHECK(synchronize(after).status == Status::check_condition);
    for (unsigned block = 0; block < Disk::blocks; ++block)
        after.send(bytes({0x2a, 0, 0, 0, 0, block, 0, 0, 1, 0}), filled(512, 2));
    CHECK(synchronize(after).status == Status::good);
}

TEST_CASE("a LUN reset of a stopped unit is known to the next daemon") {
    Disk before, after;
    before.send({0x1b, 0, 0, 0, 0, 0});
    Bytes last;
    before.device->state_changed = [&] { last = before.device->state(); };
    before.device->reset();
    after.device->restore(last, true);
    CHECK(after.send({0x00, 0, 0, 0, 0, 0}).status == Status::good);
}

TEST_CASE("every change of the state is announced") {
    Disk disk;
    int changes = 0;
    disk.device->state_changed = [&] { ++changes; };
    const auto changed_by = [&](auto what) {
        const int before = changes;
        what();
        return changes > before;
    };
    CHECK(changed_by([&] { disk.device->set_write_cache(false); }));
    CHECK(changed_by([&] { disk.send({0x00, 0, 0, 0, 0, 0}); }));
    CHECK(changed_by([&] { set_bit(disk, control_page, 4, 0x08, true); }));
    CHECK(changed_by([&] { disk.send({0x1b, 0, 0, 0, 0, 0}); }));
    CHECK_FALSE(changed_by([&] { disk.send({0x00, 0, 0, 0, 0, 0}); }));
}

TEST_CASE("a state that is cut or of another version changes nothing") {
    Disk before;
    before.send({0x1b, 0, 0, 0, 0, 0});
    before.device->set_write_cache(false);
    auto state = before.device->state();
    for (std::size_t length = 0; length < 6; ++length) {
        Disk after;
        after.device->restore(std::span(state).first(length), true);
        CHECK(after.send({0x00, 0, 0, 0, 0, 0}).status == Status::good);
    }
    state[0] = std::byte{9};
    Disk after;
    after.device->restore(state, true);
    CHECK(after.send({0x00, 0, 0, 0, 0, 0}).status == Status::good);
}
