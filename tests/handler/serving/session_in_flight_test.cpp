// SPDX-License-Identifier: Apache-2.0
// How old the commands of a session are, and the end of those that only wait.
#include <array>
#include <chrono>

#include <catch2/catch.hpp>

#include "tests/handler/serving/session_bench.hpp"

using namespace tcmud;
using scsi::Outcome;
using Bench = tcmud::test::SessionBench;

namespace {

constexpr std::initializer_list<std::uint8_t> unit_ready{0x00, 0, 0, 0, 0, 0};
constexpr std::initializer_list<std::uint8_t> write_of_block_0{0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0};
constexpr std::initializer_list<std::uint8_t> read_of_block_0{0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0};

}  // namespace

TEST_CASE("the age of commands counts from the first look at them") {
    using namespace std::chrono_literals;
    Bench bench;
    const auto began = std::chrono::steady_clock::now();
    bench.turn_after([&] { bench.kernel.submit(write_of_block_0); });
    bench.now([&] { bench.session->look(began); });
    bench.turn_after([&] { bench.kernel.submit(read_of_block_0); });
    bench.now([&] { bench.session->look(began + 5s); });
    bench.turn_after([&] { bench.kernel.submit(unit_ready); });
    const auto longer_than = [&](std::chrono::seconds age, std::size_t most = 100) {
        return bench.now([&] { return bench.session->in_flight_for(age, began + 8s, most); });
    };
    const auto long_ones = longer_than(3s);
    CHECK(long_ones.oldest == 8s);
    REQUIRE(long_ones.commands.size() == 2);
    CHECK(long_ones.commands[0].cdb[0] == std::byte{0x2a});
    CHECK(long_ones.commands[0].age == 8s);
    CHECK(long_ones.commands[0].waits == "in its device server");
    CHECK(long_ones.commands[1].age == 3s);
    CHECK(longer_than(4s).count == 1);
    CHECK(longer_than(0s).count == 3);
    CHECK(longer_than(0s, 1).count == 3);
    CHECK(longer_than(0s, 1).commands.size() == 1);
    CHECK(longer_than(9s).count == 0);

    bench.now([&] { bench.device.answer(0, Outcome::good()); });
    CHECK(longer_than(0s).oldest == 3s);
    bench.now([&] { bench.device.answer_all(Outcome::good()); });
    CHECK(longer_than(0s).count == 0);
    // Another one in the same memory is another one.
    bench.now([&] { bench.kernel.collect(); });
    bench.turn_after([&] { bench.kernel.submit(write_of_block_0); });
    CHECK(longer_than(0s).oldest == 0s);
}

TEST_CASE("what waits in a LUN that is being removed is asked to end, with an error that nobody repeats") {
    Bench bench;
    bench.turn_after([&] {
        for (int i = 0; i < 3; ++i) bench.kernel.submit(unit_ready);
        bench.kernel.submit_task_management(1, std::array<std::uint16_t, 1>{1});
    });
    bench.now([&] { bench.session->end_what_waits(); });
    // The first was aborted by its initiator, once and for all.
    CHECK(bench.now([&] { return bench.device.aborted.size(); }) == 3);
    const auto completed = [&] {
        bench.now([&] { bench.device.answer(1, Outcome::aborted()); });
        bench.now([&] { bench.device.answer(0, Outcome::aborted()); });
        bench.now([&] { bench.device.answer(0, Outcome::good()); });
        return bench.collect();
    }();
    REQUIRE(completed.size() == 3);
    CHECK(completed[0].status == 2);
    CHECK(completed[0].sense ==
          scsi::encode(scsi::sense::logical_unit_not_supported, scsi::SenseFormat::fixed));
    CHECK(completed[1].status == 0x40);
    // What could not be ended goes on as if nobody had asked.
    CHECK(completed[2].status == 0);
}
