// SPDX-License-Identifier: Apache-2.0
// How answers get into slots; what a successor finds there is ring_recovery_test's.
#include <catch2/catch.hpp>

#include "tests/support/kernel_ring.hpp"
#include "uio/ring.hpp"

using namespace tcmud::uio;
using tcmud::test::KernelRing;
using tcmud::test::test_unit_ready;

namespace {

Ring ready(KernelRing& kernel) {
    auto ring = *Ring::attach(kernel.mapping(), Journal::in_memory());
    ring.begin();
    return ring;
}

std::vector<CommandId> take_all(Ring& ring) {
    std::vector<CommandId> ids;
    while (const auto* entry = ring.next()) ids.push_back(entry->id);
    return ids;
}

std::vector<std::uint16_t> collected(KernelRing& kernel) {
    std::vector<std::uint16_t> ids;
    for (const auto& completed : kernel.collect()) ids.push_back(completed.id);
    return ids;
}

}  // namespace

TEST_CASE("a younger command's answer is seen while an older one has none") {
    KernelRing kernel;
    for (int i = 0; i < 3; ++i) kernel.submit(test_unit_ready);
    auto ring = ready(kernel);
    const auto ids = take_all(ring);
    ring.complete(ids[2], {});
    CHECK(ring.publish());
    CHECK(collected(kernel) == std::vector<std::uint16_t>{3});
    ring.complete(ids[0], {});
    ring.complete(ids[1], {});
    CHECK(ring.publish());
    CHECK(collected(kernel) == std::vector<std::uint16_t>{1, 2});
    CHECK(ring.outstanding() == 0);
}

TEST_CASE("a kernel that takes answers in order gets them so, with their sense data") {
    KernelRing kernel({.flags = abi::read_length});
    for (int i = 0; i < 3; ++i) kernel.submit(test_unit_ready);
    auto ring = ready(kernel);
    const auto ids = take_all(ring);
    std::array<std::byte, abi::sense_size> sense{};
    sense[0] = std::byte{0x70};
    sense[2] = std::byte{0x05};
    ring.complete(ids[2], {.status = 2, .sense = sense.data()});
    sense[2] = std::byte{0x06};  // The caller's memory is its own again.
    ring.complete(ids[1], {.status = 8});
    CHECK_FALSE(ring.publish());
    ring.complete(ids[0], {});
    CHECK(ring.publish());
    const auto answers = kernel.collect();
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].status == 0);
    CHECK(answers[1].status == 8);
    CHECK(answers[2].status == 2);
    CHECK(answers[2].sense[2] == std::byte{0x05});
}

TEST_CASE("an answer with sense data is published at once, and announced with the others") {
    KernelRing kernel;
    for (int i = 0; i < 2; ++i) kernel.submit(test_unit_ready);
    auto ring = ready(kernel);
    const auto ids = take_all(ring);
    const std::array<std::byte, abi::sense_size> sense{std::byte{0x70}};
    ring.complete(ids[0], {.status = 2, .sense = sense.data()});
    CHECK(kernel.mailbox().tail != 0);
    CHECK(ring.publish());
    CHECK_FALSE(ring.publish());
    CHECK(kernel.collect().size() == 1);
    ring.complete(ids[1], {});
    CHECK(ring.publish());
    CHECK(kernel.collect().size() == 1);
}

TEST_CASE("behind an entry that is too long for the journal, answers wait for it") {
    // Every second block is in use, so that each block is a piece of its own.
    KernelRing kernel({.ring_size = 64 * 1024, .data_blocks = 256});
    auto ring = ready(kernel);
    for (int i = 0; i < 130; ++i)
        kernel.submit(test_unit_ready, std::vector<std::byte>(KernelRing::block_size));
    const auto small = take_all(ring);
    for (std::size_t i = 0; i < small.size(); i += 2) ring.complete(small[i], {});
    ring.publish();
    kernel.collect();

    const auto long_one = kernel.submit(test_unit_ready, std::vector<std::byte>(64 * KernelRing::block_size));
    const auto* taken = ring.next();
    REQUIRE(taken);
    REQUIRE(taken->pieces.size() == 64);
    for (std::size_t i = 1; i < small.size(); i += 2) ring.complete(small[i], {});
    ring.publish();
    kernel.collect();
    const auto short_one = kernel.submit(test_unit_ready);
    REQUIRE(ring.next());

    ring.complete(CommandId{short_one}, {});
    CHECK_FALSE(ring.publish());
    ring.complete(CommandId{long_one}, {});
    CHECK(ring.publish());
    CHECK(collected(kernel) == std::vector<std::uint16_t>{long_one, short_one});
}
