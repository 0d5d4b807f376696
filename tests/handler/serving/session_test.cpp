// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/session.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/handler/serving/session_bench.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using scsi::Outcome;
using tcmud::test::KernelRing;
using Bench = tcmud::test::SessionBench;

namespace {

constexpr std::initializer_list<std::uint8_t> test_unit_ready{0x00, 0, 0, 0, 0, 0};
constexpr std::initializer_list<std::uint8_t> inquiry{0x12, 0, 0, 0, 96, 0};
constexpr std::initializer_list<std::uint8_t> write_10{0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0};
constexpr std::initializer_list<std::uint8_t> read_6{0x08, 0, 0, 0, 96, 0};
constexpr std::initializer_list<std::uint8_t> read_10{0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0};

// By somebody who does not have its journal.
bool can_be_followed(KernelRing& kernel) {
    const auto ring = *uio::Ring::attach(kernel.mapping(), uio::Journal::in_memory());
    return ring.beginning() == uio::Ring::Beginning::fresh;
}

}  // namespace

TEST_CASE("a command goes to the device and its answer to the kernel") {
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit({0x28, 0, 0, 0, 0, 7, 0, 0, 1, 0}); });
    REQUIRE(bench.held() == 1);
    CHECK(bench.collect().empty());
    CHECK(bench.now([&] { return scsi::get_32(bench.device.held[0].command->cdb(), 2); }) == 7);
    const auto completed = bench.answer(0, Outcome::good());
    REQUIRE(completed.size() == 1);
    CHECK(completed[0].status == 0);
}

TEST_CASE("a doorbell makes the session look, and is answered with one") {
    Bench bench;
    CHECK(bench.doorbell.was_rung());  // At the start: a predecessor may have forgotten it.
    CHECK_FALSE(bench.doorbell.was_rung());
    bench.now([&] { bench.kernel.submit(test_unit_ready); });
    CHECK(bench.held() == 0);
    bench.doorbell.ring();
    while (bench.held() == 0) {
    }  // Ends by the test's time limit if the bell is not heard.
    CHECK_FALSE(bench.doorbell.was_rung());
    CHECK(bench.answer(0, Outcome::good()).size() == 1);
    CHECK(bench.doorbell.was_rung(5000));
}

TEST_CASE("answers of one turn ring the doorbell once") {
    Bench bench;
    bench.turn_after([&] {
        for (int i = 0; i < 5; ++i) bench.kernel.submit(test_unit_ready);
    });
    while (bench.doorbell.was_rung()) {
    }
    bench.now([&] { bench.device.answer_all(Outcome::good()); });
    CHECK(bench.collect().size() == 5);
    CHECK(bench.doorbell.was_rung());
    CHECK_FALSE(bench.doorbell.was_rung());
}

TEST_CASE("commands that wait in the ring when a session starts are served without a doorbell") {
    Bench bench(test_unit_ready);
    CHECK(bench.held() == 1);
}

TEST_CASE("more commands than a turn's share are all taken") {
    Bench bench({.ring_size = 64 * 1024});
    bench.turn_after([&] {
        for (int i = 0; i < 200; ++i) bench.kernel.submit(test_unit_ready);
    });
    for (int turn = 0; turn < 5; ++turn) bench.now([] {});
    CHECK(bench.held() == 200);
    CHECK(bench.session->counters().in_flight == 200);
    bench.now([&] { bench.device.answer_all(Outcome::good()); });
    CHECK(bench.collect().size() == 200);
    CHECK(bench.session->counters().in_flight == 0);
}

TEST_CASE("a reply that the device drops is a failure, and no lost command") {
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    bench.now([&] { bench.device.held.clear(); });
    const auto completed = bench.collect();
    REQUIRE(completed.size() == 1);
    CHECK(completed[0].status == 2);
    CHECK(completed[0].sense[2] == std::byte{0x04});   // HARDWARE ERROR
    CHECK(completed[0].sense[12] == std::byte{0x44});  // INTERNAL TARGET FAILURE
}

TEST_CASE("a check condition's sense reaches the kernel") {
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    const auto completed = bench.answer(0, Outcome::check(scsi::sense::lba_out_of_range));
    REQUIRE(completed.size() == 1);
    CHECK(completed[0].status == 2);
    CHECK(completed[0].sense == scsi::encode(scsi::sense::lba_out_of_range, scsi::SenseFormat::fixed));
}

TEST_CASE("data that is not this command's never reaches the initiator") {
    const auto flags =
        GENERATE(as<std::uint16_t>{},
                 uio::abi::out_of_order_completion | uio::abi::read_length | uio::abi::task_management,
                 uio::abi::out_of_order_completion);
    const auto length = GENERATE(0u, 36u, 95u, 96u);
    Bench bench({.flags = flags});
    bench.turn_after([&] { bench.kernel.submit_in(inquiry, 96); });
    bench.now([&] {
        const std::vector<std::byte> data(length, std::byte{1});
        copy_to(bench.device.held.at(0).command->data(), ByteCount{0}, data);
    });
    const auto completed = bench.answer(0, Outcome::good(ByteCount{length}));
    REQUIRE(completed.size() == 1);
    const auto& data = completed[0].data;
    REQUIRE(data.size() >= length);
    CHECK(std::count(data.begin(), data.begin() + length, std::byte{1}) == length);
    CHECK(std::ranges::count(data, KernelRing::stale) == 0);
}

TEST_CASE("data that comes with a check condition reaches the initiator, also if they fill its buffer") {
    const auto length = GENERATE(36u, 96u);
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit_in(read_6, 96); });
    bench.now([&] {
        const std::vector<std::byte> data(length, std::byte{1});
        copy_to(bench.device.held.at(0).command->data(), ByteCount{0}, data);
    });
    // A block of a tape that is longer than what was asked for.
    auto outcome = Outcome::check(scsi::sense::lba_out_of_range);
    outcome.data_length = length;
    const auto completed = bench.answer(0, outcome);
    REQUIRE(completed.size() == 1);
    CHECK(completed[0].status == 2);
    CHECK(completed[0].data == std::vector<std::byte>(length, std::byte{1}));
}

TEST_CASE("a buffer that the device trimmed is hidden behind its end as well") {
    Bench bench({.flags = uio::abi::out_of_order_completion});
    bench.turn_after([&] { bench.kernel.submit_in(read_10, 8192); });
    bench.now([&] {
        auto& command = *bench.device.held.at(0).command;
        command.trim(ByteCount{512});
        fill_zero(command.data(), ByteCount{0}, ByteCount{512});
    });
    const auto completed = bench.answer(0, Outcome::good(ByteCount{512}));
    REQUIRE(completed.at(0).data.size() == 8192);
    CHECK(std::ranges::count(completed[0].data, KernelRing::stale) == 0);
}

TEST_CASE("commands that a task management function names are aborted, others are not") {
    Bench bench;
    bench.turn_after([&] {
        for (int i = 0; i < 3; ++i) bench.kernel.submit(test_unit_ready);
        bench.kernel.submit_task_management(1, std::array<std::uint16_t, 3>{2, 2, 99});
    });
    REQUIRE(bench.held() == 3);
    const auto aborted = bench.now([&] {
        return std::array{bench.device.held[0].command->aborted, bench.device.held[1].command->aborted,
                          bench.device.held[2].command->aborted};
    });
    CHECK(aborted == std::array{false, true, false});
    CHECK(bench.now([&] { return bench.device.aborted.size(); }) == 1);
    CHECK(bench.now([&] { return bench.device.resets; }) == 0);
    const auto completed = bench.answer(1, Outcome::aborted());
    REQUIRE(completed.size() == 1);
    CHECK(completed[0].status == 0x40);
}

TEST_CASE("a LUN reset aborts what it names and resets the device") {
    Bench bench;
    bench.turn_after([&] {
        bench.kernel.submit(test_unit_ready);
        bench.kernel.submit_task_management(5, std::array<std::uint16_t, 1>{1});
    });
    CHECK(bench.now([&] { return bench.device.resets; }) == 1);
    CHECK(bench.now([&] { return bench.device.aborted.size(); }) == 1);
    CHECK(bench.session->counters().task_management == 1);
    CHECK(bench.session->counters().resets == 1);
    CHECK(bench.session->counters().aborts == 1);
    bench.now([&] { bench.device.answer_all(Outcome::aborted()); });
    CHECK(bench.session->counters().errors_without_sense == 1);
    // Another command of the same id is another command.
    bench.now([&] { bench.kernel.collect(); });
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    CHECK_FALSE(bench.now([&] { return bench.device.held.at(0).command->aborted; }));
}

TEST_CASE("a paused session takes nothing, and is idle when all is answered") {
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    int idle = 0;
    bench.now([&] { bench.session->pause([&] { ++idle; }); });
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    CHECK(bench.held() == 1);
    CHECK(bench.now([&] { return idle; }) == 0);
    CHECK(bench.answer(0, Outcome::good()).size() == 1);
    CHECK(bench.now([&] { return idle; }) == 1);
    bench.now([&] { bench.session->resume(); });
    CHECK(bench.held() == 1);
    bench.answer(0, Outcome::good());
    CHECK(bench.now([&] { return idle; }) == 1);
}

TEST_CASE("a session without commands is idle as soon as it is paused") {
    Bench bench;
    CHECK(bench.now([&] {
        bool idle = false;
        bench.session->pause([&] { idle = true; });
        return idle;
    }));
}

TEST_CASE("what goes on behind answered commands keeps a session from being idle") {
    Bench bench;
    int idle = 0;
    bench.now([&] {
        bench.device.busy = true;
        bench.session->hold();
        bench.session->pause([&] { ++idle; });
        bench.session->release();
    });
    CHECK(bench.now([&] { return idle; }) == 0);
    bench.now([&] {
        bench.session->hold();
        bench.device.busy = false;
        bench.device.became_idle();
    });
    CHECK(bench.now([&] { return idle; }) == 0);
    bench.now([&] { bench.session->release(); });
    CHECK(bench.now([&] { return idle; }) == 1);
}

TEST_CASE("a session that left says so, closes its device and can be followed") {
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    CHECK_FALSE(bench.now([&] { return can_be_followed(bench.kernel); }));
    bench.answer(0, Outcome::good());
    bench.now([&] { bench.session->pause([] {}); });
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });  // Stays in the ring, not begun.
    bench.now([&] {
        bench.session->leave();
        bench.left = true;
    });
    CHECK(bench.now([&] { return can_be_followed(bench.kernel); }));
    CHECK(bench.now([&] { return bench.kernel.outstanding(); }) == 1);
}

TEST_CASE("a ring that holds nonsense is reported, once, and nothing more is taken from it") {
    Bench bench;
    bench.turn_after([&] {
        const auto at = bench.kernel.head();
        bench.kernel.submit(test_unit_ready);
        const std::uint32_t length_zero = 1;
        std::memcpy(bench.kernel.ring() + at, &length_zero, sizeof length_zero);
    });
    CHECK_FALSE(bench.now([&] { return bench.problem.empty(); }));
    bench.now([&] { bench.problem.clear(); });
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    CHECK(bench.held() == 0);
    CHECK(bench.now([&] { return bench.problem.empty(); }));
}

TEST_CASE("a command whose data lies outside of the data area is refused and its data not touched") {
    Bench bench;
    bench.turn_after([&] {
        const auto at = bench.kernel.head();
        bench.kernel.submit_in(inquiry, 96);
        uio::abi::Piece outside{~std::uint64_t{0} - 8, 96};
        std::memcpy(bench.kernel.ring() + at + sizeof(uio::abi::Request), &outside, sizeof outside);
    });
    CHECK(bench.held() == 0);
    const auto completed = bench.collect();
    REQUIRE(completed.size() == 1);
    CHECK(completed[0].status == 2);
}

TEST_CASE("a device that the kernel removed is noticed at the next answer") {
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit(test_unit_ready); });
    CHECK_FALSE(bench.now([&] { return bench.gone; }));
    bench.doorbell.vanish();
    bench.answer(0, Outcome::good());
    CHECK(bench.now([&] { return bench.gone; }));
}

TEST_CASE("commands, bytes and errors are counted") {
    Bench bench;
    const std::vector<std::byte> block(512);
    bench.turn_after([&] {
        bench.kernel.submit_in(read_10, 512);
        bench.kernel.submit(write_10, block);
        bench.kernel.submit(write_10, block);
        bench.kernel.submit(test_unit_ready);
    });
    bench.now([&] {
        bench.device.answer(0, Outcome::good(ByteCount{512}));
        bench.device.answer(0, Outcome::data_out_taken());
        bench.device.answer(0, Outcome::check(scsi::sense::write_error));
        bench.device.answer(0, Outcome::good());
    });
    const auto& counters = bench.session->counters();
    CHECK(counters.commands == 4);
    CHECK(counters.reads == 1);
    CHECK(counters.read_bytes == 512);
    CHECK(counters.writes == 1);
    CHECK(counters.written_bytes == 512);
    CHECK(counters.errors == 1);
    CHECK(counters.by_group[static_cast<std::size_t>(CommandGroup::write)] == 2);
    CHECK(counters.by_group[static_cast<std::size_t>(CommandGroup::other)] == 1);
    CHECK(counters.errors_by_sense_key[3] == 1);
    CHECK(counters.errors_without_sense == 0);
}

TEST_CASE("a command's latency reaches from the ring to its answer in the ring") {
    Bench bench;
    bench.turn_after([&] { bench.kernel.submit_in(read_10, 512); });
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    bench.answer(0, Outcome::good(ByteCount{512}));
    bench.now([] {});
    const auto& counters = bench.session->counters();
    const auto reads = counters.latency[static_cast<std::size_t>(Direction::read)].snapshot();
    CHECK(reads.count() == 1);
    CHECK(reads.nanoseconds >= 3'000'000);
    CHECK(counters.latency[static_cast<std::size_t>(Direction::write)].snapshot().count() == 0);
}

TEST_CASE("the last errors are kept, the latest first") {
    Bench bench;
    CHECK(bench.now([&] { return bench.session->last_errors(); }).empty());
    for (int i = 0; i < 10; ++i) {
        bench.turn_after([&] { bench.kernel.submit_in(read_10, 512); });
        const auto sense = i == 9 ? scsi::sense::unrecovered_read_error : scsi::sense::lba_out_of_range;
        bench.answer(0, Outcome::check(sense));
    }
    const auto errors = bench.now([&] { return bench.session->last_errors(); });
    REQUIRE(errors.size() == 8);
    CHECK(errors[0].sense == scsi::sense::unrecovered_read_error);
    CHECK(errors[1].sense == scsi::sense::lba_out_of_range);
    CHECK(errors[0].cdb_length == 10);
    CHECK(errors[0].cdb[0] == std::byte{0x28});
}
