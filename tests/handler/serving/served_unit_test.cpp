// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/served_unit.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"
#include "tests/support/memory_changer.hpp"
#include "tests/support/memory_tape.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::on;

namespace {

// What comes of it. REQUIRES: it ends inside of the call.
Result<std::string> asked(ServedUnit& unit, std::string_view command) {
    std::optional<Result<std::string>> answer;
    unit.control(command, [&](Result<std::string> result) { answer.emplace(std::move(result)); });
    return answer.value();
}

}  // namespace

TEST_CASE("what is made of a store of blocks is a disk, and gives the store back") {
    test::TestLoop loop;
    test::LonelyHost host;
    auto backend = std::make_unique<test::MemoryBackend>(100 * 512);
    const auto* const store = backend.get();
    on(loop, [&] {
        const auto unit = ServedUnit::make(std::move(backend), {}, host, loop);
        REQUIRE(unit->disk());
        CHECK(unit->disk()->capacity() == BlockCount{100});
        CHECK(unit->blocks() == store);
        CHECK(unit->latency(Direction::read));
        const auto left = unit->leave();
        CHECK(kind_of(left) == LunKind::disk);
        CHECK(std::get<std::unique_ptr<BlockBackend>>(left).get() == store);
    });
}

TEST_CASE("a tape drive without a backend is there all the same") {
    test::TestLoop loop;
    test::LonelyHost host;
    on(loop, [&] {
        const auto unit = ServedUnit::make(std::unique_ptr<TapeBackend>(), {}, host, loop);
        CHECK_FALSE(unit->disk());
        CHECK_FALSE(asked(*unit, "load"));
        CHECK(kind_of(unit->leave()) == LunKind::tape);
    });
}

TEST_CASE("what happens to a library after its changer's unit was left is told nobody") {
    test::TestLoop loop;
    test::LonelyHost host;
    auto backend = std::make_unique<test::MemoryChanger>();
    auto& library = *backend;
    on(loop, [&] {
        auto unit = ServedUnit::make(std::unique_ptr<ChangerBackend>(std::move(backend)), {}, host, loop);
        CHECK_FALSE(unit->latency(Direction::other));
        library.events.remarked("library.toml was changed");
        CHECK(host.remarks == std::vector<std::string>{"library.toml was changed"});
        library.events.inventory_changed();
        library.events.import_export_accessed();
        const auto left = unit->leave();
        CHECK(kind_of(left) == LunKind::changer);
        library.events.inventory_changed();
        unit.reset();
        library.events.import_export_accessed();
        library.events.remarked("again");
        CHECK(host.remarks.size() == 1);
    });
}

TEST_CASE("a tape drive is loaded and unloaded by its administrator; all else is its backend's to answer") {
    test::TestLoop loop;
    test::LonelyHost host;
    test::MemoryCartridge cartridge;
    auto backend = std::make_unique<test::MemoryTape>(&cartridge);
    const auto& drive = *backend;
    on(loop, [&] {
        const auto unit = ServedUnit::make(std::unique_ptr<TapeBackend>(std::move(backend)), {}, host, loop);
        CHECK(asked(*unit, "unload"));
        CHECK(unit->latency(Direction::other)->snapshot().count() == 1);
        CHECK_FALSE(drive.medium());
        CHECK_FALSE(asked(*unit, "unload"));
        CHECK(asked(*unit, "load"));
        CHECK(drive.medium());
        CHECK(asked(*unit, "cartridge").error().text == "its backend takes no commands");
        unit->leave();
    });
}

TEST_CASE("what is no drive cannot be loaded") {
    test::TestLoop loop;
    test::LonelyHost host;
    on(loop, [&] {
        const auto disk = ServedUnit::make(std::make_unique<test::MemoryBackend>(512), {}, host, loop);
        CHECK_FALSE(asked(*disk, "load"));
        disk->leave();
        const auto changer = ServedUnit::make(
            std::unique_ptr<ChangerBackend>(std::make_unique<test::MemoryChanger>()), {}, host, loop);
        CHECK_FALSE(asked(*changer, "load"));
        changer->leave();
    });
}

TEST_CASE("what a drive remarks of a cartridge is the host's, until its unit is left") {
    test::TestLoop loop;
    test::LonelyHost host;
    test::MemoryCartridge cartridge;
    auto backend = std::make_unique<test::MemoryTape>(&cartridge);
    auto& drive = *backend;
    on(loop, [&] {
        const auto unit = ServedUnit::make(std::unique_ptr<TapeBackend>(std::move(backend)), {}, host, loop);
        drive.events.remarked("its end is torn");
        CHECK(host.remarks == std::vector<std::string>{"its end is torn"});
        const auto left = unit->leave();
        drive.events.remarked("again");
        CHECK(host.remarks.size() == 1);
    });
}
