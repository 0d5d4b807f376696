// SPDX-License-Identifier: Apache-2.0
// What a successor finds in a ring. tests/simulation kills between any two stores; here is what each case is.
#include <catch2/catch.hpp>

#include "tests/support/kernel_ring.hpp"
#include "uio/ring.hpp"

using namespace tcmud::uio;
using tcmud::test::KernelRing;
using tcmud::test::test_unit_ready;

namespace {

using Beginning = Ring::Beginning;

constexpr std::initializer_list<std::uint8_t> write_of_block_7{0x2a, 0, 0, 0, 0, 7, 0, 0, 1, 0};

// A kernel, and daemons that follow each other without a farewell.
struct Bench {
    Ring& begin() {
        ring.emplace(*Ring::attach(kernel.mapping(), journal));
        if (ring->beginning() != Beginning::lost) ring->begin();
        return *ring;
    }
    std::vector<CommandId> take_all() {
        std::vector<CommandId> ids;
        while (const auto* entry = ring->next()) ids.push_back(entry->id);
        return ids;
    }

    KernelRing kernel;
    Journal journal = Journal::in_memory();
    std::optional<Ring> ring;
};

std::vector<CommandId> ids(std::initializer_list<std::uint16_t> values) {
    std::vector<CommandId> result;
    for (const auto value : values) result.push_back(CommandId{value});
    return result;
}

}  // namespace

TEST_CASE("a ring that nobody served is fresh") {
    Bench bench;
    bench.kernel.submit(test_unit_ready);
    CHECK(bench.begin().beginning() == Beginning::fresh);
    CHECK(bench.take_all() == ids({1}));
}

TEST_CASE("a ring that was left is fresh, with what its last daemon did not take") {
    Bench bench;
    bench.begin();
    bench.kernel.submit(test_unit_ready);
    bench.ring->leave();
    CHECK(bench.begin().beginning() == Beginning::fresh);
    CHECK(bench.take_all() == ids({1}));
}

TEST_CASE("a successor is given what was taken, then what is new, in the order of the commands") {
    Bench bench;
    bench.begin();
    for (int i = 0; i < 3; ++i) bench.kernel.submit(test_unit_ready);
    bench.take_all();
    bench.kernel.submit(test_unit_ready);
    CHECK(bench.begin().beginning() == Beginning::continued);
    CHECK(bench.ring->has_more());
    CHECK(bench.take_all() == ids({1, 2, 3, 4}));
}

TEST_CASE("what was answered and not published is published, not given again") {
    Bench bench;
    bench.begin();
    for (int i = 0; i < 3; ++i) bench.kernel.submit(test_unit_ready);
    bench.take_all();
    bench.ring->complete(CommandId{1}, {.status = 8});
    bench.ring->complete(CommandId{3}, {.status = 0x28});
    bench.begin();
    CHECK(bench.ring->publish());
    const auto answers = bench.kernel.collect();
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].status == 8);
    CHECK(answers[1].id == 3);
    CHECK(answers[1].status == 0x28);
    CHECK(bench.take_all() == ids({2}));
}

TEST_CASE("a command that lost its slot to a younger one's answer is given as it was submitted") {
    Bench bench;
    bench.begin();
    bench.kernel.submit(write_of_block_7, std::vector<std::byte>(512, std::byte{0x5a}));
    for (int i = 0; i < 3; ++i) bench.kernel.submit(test_unit_ready);
    bench.take_all();
    for (const auto id : ids({2, 4})) bench.ring->complete(id, {});
    bench.ring->publish();
    bench.kernel.collect();
    bench.kernel.submit(test_unit_ready);  // Where the write was, perhaps.

    bench.begin();
    const auto* entry = bench.ring->next();
    REQUIRE(entry);
    CHECK(entry->id == CommandId{1});
    CHECK(entry->cdb[0] == std::byte{0x2a});
    CHECK(entry->cdb[5] == std::byte{7});
    REQUIRE(entry->pieces.size() == 1);
    iovec mapped{};
    CHECK(bench.ring->map(entry->pieces, {&mapped, 1}) == 512);
    CHECK(*static_cast<std::byte*>(mapped.iov_base) == std::byte{0x5a});
    CHECK(bench.take_all().size() == 2);
}

TEST_CASE("how far a command had come is told, and what has compared comes first") {
    Bench bench;
    bench.begin();
    for (int i = 0; i < 4; ++i) bench.kernel.submit(test_unit_ready);
    bench.take_all();
    bench.ring->note(CommandId{2}, done);
    bench.ring->note(CommandId{3}, matched);
    bench.ring->note(CommandId{3}, aborted);
    bench.begin();
    std::vector<std::pair<CommandId, int>> told;
    while (const auto* entry = bench.ring->next()) told.emplace_back(entry->id, entry->progress);
    CHECK(told ==
          std::vector<std::pair<CommandId, int>>{
              {CommandId{3}, matched | aborted}, {CommandId{1}, 0}, {CommandId{2}, done}, {CommandId{4}, 0}});
}

TEST_CASE("what was to be aborted is told so, also if nobody had dealt with it") {
    Bench bench;
    bench.begin();
    bench.kernel.submit(test_unit_ready);
    bench.kernel.submit(test_unit_ready);
    bench.take_all();
    bench.kernel.submit_task_management(1, std::array<std::uint16_t, 1>{2});
    bench.kernel.submit(test_unit_ready);
    bench.begin();
    CHECK(bench.ring->next()->progress == begun);
    CHECK(bench.ring->next()->progress == aborted);
    const auto* entry = bench.ring->next();
    REQUIRE(entry->kind == Entry::Kind::task_management);
    CHECK(entry->command_ids.front() == 2);
    CHECK(bench.take_all() == ids({3}));
}

TEST_CASE("after a reset the same slots with the same ids are new commands") {
    Bench bench;
    bench.begin();
    for (int i = 0; i < 3; ++i) bench.kernel.submit(test_unit_ready);
    bench.take_all();
    bench.ring->complete(CommandId{2}, {});
    bench.kernel.reset();
    for (int i = 0; i < 3; ++i) bench.kernel.submit(write_of_block_7, std::vector<std::byte>(512));
    CHECK(bench.begin().beginning() == Beginning::continued);
    for (int i = 0; i < 3; ++i) {
        const auto* entry = bench.ring->next();
        REQUIRE(entry);
        CHECK(entry->progress == begun);
        CHECK(entry->cdb[0] == std::byte{0x2a});
    }
}

TEST_CASE("without its journal a ring is lost, unless nothing was begun") {
    Bench bench;
    bench.begin();
    bench.kernel.submit(test_unit_ready);
    bench.journal = Journal::in_memory();
    SECTION("not begun") {
        CHECK(bench.begin().beginning() == Beginning::fresh);
    }
    SECTION("begun") {
        bench.take_all();
        CHECK(bench.begin().beginning() == Beginning::lost);
        bench.kernel.reset();
        bench.kernel.submit(test_unit_ready);
        CHECK(bench.begin().beginning() == Beginning::fresh);
    }
}

TEST_CASE("a ring that another program has served is lost where commands wait in it") {
    Bench bench;
    bench.begin();
    bench.kernel.submit(test_unit_ready);
    bench.take_all();
    bench.ring->complete(CommandId{1}, {});
    bench.ring->publish();
    bench.kernel.collect();
    bench.kernel.mailbox().session_state = 0;
    CHECK(bench.begin().beginning() == Beginning::fresh);
    bench.kernel.mailbox().session_state = 0;
    bench.kernel.submit(test_unit_ready);
    CHECK(bench.begin().beginning() == Beginning::lost);
}

TEST_CASE("a successor that leaves before it has taken everything leaves the rest to the next one") {
    Bench bench;
    bench.begin();
    for (int i = 0; i < 2; ++i) bench.kernel.submit(test_unit_ready);
    bench.take_all();
    bench.begin();
    bench.ring->next();
    bench.ring->complete(CommandId{1}, {});
    bench.ring->publish();
    bench.ring->leave();
    CHECK(bench.begin().beginning() == Beginning::continued);
    CHECK(bench.take_all() == ids({2}));
}

TEST_CASE("a ring that was left because it holds nonsense is lost until it is reset") {
    Bench bench;
    bench.begin();
    const auto at = bench.kernel.head();
    bench.kernel.submit(test_unit_ready);
    const std::uint32_t length_zero = 1;
    std::memcpy(bench.kernel.ring() + at, &length_zero, sizeof length_zero);
    CHECK(bench.ring->next()->kind == Entry::Kind::broken);
    bench.ring->leave();
    CHECK(bench.begin().beginning() == Beginning::lost);
    bench.ring->give_up();
    bench.kernel.reset();
    bench.kernel.submit(test_unit_ready);  // Initiators do not wait.
    CHECK(bench.begin().beginning() == Beginning::fresh);
    CHECK(bench.take_all() == ids({1}));
}

TEST_CASE("nonsense behind what was taken ends the look at a predecessor's commands, not in a loop") {
    Bench bench;
    bench.begin();
    bench.kernel.submit(test_unit_ready);
    bench.take_all();
    const auto at = bench.kernel.head();
    bench.kernel.submit(test_unit_ready);
    const std::uint32_t beyond_the_head = 1024 | 1;
    std::memcpy(bench.kernel.ring() + at, &beyond_the_head, sizeof beyond_the_head);
    CHECK(bench.begin().beginning() == Beginning::continued);
    CHECK(bench.ring->left_by_predecessor() == 1);
    CHECK(bench.ring->next()->id == CommandId{1});
    CHECK(bench.ring->left_by_predecessor() == 0);
    CHECK(bench.ring->next()->kind == Entry::Kind::broken);
}

TEST_CASE("the state of the device is found again, by the ring's own journal") {
    Bench bench;
    bench.begin();
    CHECK(bench.ring->device_state().empty());
    const std::array state{std::byte{1}, std::byte{2}};
    bench.ring->journal().keep_state(state);
    bench.begin();
    CHECK(bench.ring->device_state().size() == 2);
    bench.ring->leave();
    bench.begin();
    CHECK(bench.ring->device_state().size() == 2);
    bench.journal = Journal::in_memory();
    CHECK(bench.begin().device_state().empty());
}
