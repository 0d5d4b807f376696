// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/served_unit.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"
#include "tests/support/memory_changer.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::on;

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
        CHECK_FALSE(unit->control("load"));
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
        library.events.inventory_changed();
        library.events.import_export_accessed();
        const auto left = unit->leave();
        CHECK(kind_of(left) == LunKind::changer);
        library.events.inventory_changed();
        unit.reset();
        library.events.import_export_accessed();
    });
}
