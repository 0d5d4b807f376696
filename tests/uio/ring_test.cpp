// SPDX-License-Identifier: Apache-2.0
#include "uio/ring.hpp"

#include <numeric>

#include <catch2/catch.hpp>

#include "tests/support/kernel_ring.hpp"

using namespace tcmud::uio;
using tcmud::test::KernelRing;
using tcmud::test::test_unit_ready;

namespace {

Ring attached(KernelRing& kernel) {
    auto ring = Ring::attach(kernel.mapping(), Journal::in_memory());
    REQUIRE(ring);
    return std::move(*ring);
}

CommandId take(Ring& ring) {
    const auto* entry = ring.next();
    REQUIRE(entry);
    REQUIRE(entry->kind == Entry::Kind::command);
    return entry->id;
}

void complete_good(Ring& ring, CommandId id) {
    ring.complete(id, {});
}

}  // namespace

TEST_CASE("a ring without entries gives none") {
    KernelRing kernel;
    auto ring = attached(kernel);
    CHECK_FALSE(ring.next());
    CHECK_FALSE(ring.has_more());
    CHECK_FALSE(ring.publish());
}

TEST_CASE("a command is given with its id, its CDB and its pieces") {
    KernelRing kernel;
    const std::vector<std::byte> data(5000);  // One page and a part of the next, side by side.
    kernel.submit({0x2a, 0, 0, 0, 0, 7, 0, 0, 1, 0}, data);
    auto ring = attached(kernel);
    const auto* entry = ring.next();
    REQUIRE(entry);
    CHECK(entry->id == CommandId{1});
    REQUIRE(entry->cdb.size() == 10);
    CHECK(entry->cdb[0] == std::byte{0x2a});
    CHECK(entry->cdb[5] == std::byte{7});
    REQUIRE(entry->pieces.size() == 1);
    CHECK(entry->pieces[0].length == 5000);
    std::vector<iovec> mapped(1);
    REQUIRE(ring.map(entry->pieces, mapped) == 5000);
    CHECK(mapped[0].iov_base == kernel.data_area().data());
    CHECK(mapped[0].iov_len == 5000);
}

TEST_CASE("the kernel sees a completion when it is published, not before") {
    KernelRing kernel;
    kernel.submit(test_unit_ready);
    auto ring = attached(kernel);
    complete_good(ring, take(ring));
    CHECK(kernel.collect().empty());
    CHECK(ring.publish());
    CHECK_FALSE(ring.publish());
    CHECK(kernel.collect().size() == 1);
}

TEST_CASE("commands may be completed in any order, each once") {
    KernelRing kernel;
    for (int i = 0; i < 4; ++i) kernel.submit(test_unit_ready);
    auto ring = attached(kernel);
    std::vector<CommandId> ids;
    for (int i = 0; i < 4; ++i) ids.push_back(take(ring));
    for (const auto i : {2u, 0u, 3u}) complete_good(ring, ids[i]);
    ring.publish();
    const auto completed = kernel.collect();
    REQUIRE(completed.size() == 3);
    CHECK(completed[0].id == 3);
    CHECK(completed[1].id == 1);
    CHECK(completed[2].id == 4);
    CHECK(ring.outstanding() == 1);
    CHECK(kernel.outstanding() == 1);
}

TEST_CASE("a kernel without out-of-order completion gets answers in the order of its commands") {
    KernelRing kernel({.flags = 0});
    for (int i = 0; i < 3; ++i) kernel.submit(test_unit_ready);
    auto ring = attached(kernel);
    std::vector<CommandId> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(take(ring));
    ring.complete(ids[2], {.status = 8});
    CHECK_FALSE(ring.publish());
    ring.complete(ids[0], {});
    CHECK(ring.publish());
    CHECK(kernel.collect().size() == 1);
    ring.complete(ids[1], {});
    ring.publish();
    const auto rest = kernel.collect();
    REQUIRE(rest.size() == 2);
    CHECK(rest[0].id == 2);
    CHECK(rest[1].id == 3);
    CHECK(rest[1].status == 8);
}

TEST_CASE("all 96 sense bytes reach the kernel, and nothing of the request with them") {
    KernelRing kernel;
    kernel.submit_in({0x12, 0, 0, 0, 96, 0}, 4 * KernelRing::block_size);
    auto ring = attached(kernel);
    const auto id = take(ring);
    std::array<std::byte, abi::sense_size> sense{};
    sense[0] = std::byte{0x70};
    ring.complete(id, {.status = 2, .sense = sense.data()});
    ring.publish();
    CHECK(kernel.collect().at(0).sense == sense);
}

TEST_CASE("a read length limits what the initiator gets") {
    KernelRing kernel;
    kernel.submit_in({0x12, 0, 0, 0, 96, 0}, 96);
    auto ring = attached(kernel);
    ring.complete(take(ring), {.read_length = 36});
    ring.publish();
    CHECK(kernel.collect().at(0).data.size() == 36);
}

TEST_CASE("a kernel that knows no read lengths is told none") {
    KernelRing kernel({.flags = abi::out_of_order_completion});
    kernel.submit_in({0x12, 0, 0, 0, 96, 0}, 96);
    auto ring = attached(kernel);
    CHECK_FALSE(ring.knows_read_length());
    ring.complete(take(ring), {.read_length = 36});
    ring.publish();
    CHECK(kernel.collect().at(0).user_flags == 0);
}

TEST_CASE("padding at the ring's end is passed over, however the ring wraps") {
    // Rings of sizes that leave every possible rest.
    for (std::uint32_t size = 512; size < 1024; size += 8) {
        KernelRing kernel({.ring_size = size});
        auto ring = attached(kernel);
        for (int i = 0; i < 50; ++i) {
            kernel.submit(test_unit_ready);
            complete_good(ring, take(ring));
            REQUIRE(ring.publish());
            REQUIRE(kernel.collect().size() == 1);
        }
        CHECK_FALSE(ring.next());
    }
}

TEST_CASE("a task management function lists the commands it is about") {
    KernelRing kernel;
    const std::array<std::uint16_t, 3> ids{5, 1, 9};
    kernel.submit_task_management(5, ids);
    auto ring = attached(kernel);
    const auto* entry = ring.next();
    REQUIRE(entry);
    CHECK(entry->kind == Entry::Kind::task_management);
    CHECK(entry->function == TaskFunction::lun_reset);
    CHECK(std::vector(entry->command_ids.begin(), entry->command_ids.end()) ==
          std::vector<std::uint16_t>{5, 1, 9});
    CHECK(ring.publish());
    CHECK(kernel.collect().empty());
}

TEST_CASE("a task management function between commands does not disturb their completion") {
    KernelRing kernel;
    kernel.submit(test_unit_ready);
    kernel.submit_task_management(1, std::array<std::uint16_t, 1>{1});
    kernel.submit(test_unit_ready);
    auto ring = attached(kernel);
    const auto first = take(ring);
    REQUIRE(ring.next());
    const auto second = take(ring);
    complete_good(ring, second);
    ring.publish();
    CHECK(kernel.collect().at(0).id == 2);
    complete_good(ring, first);
    ring.publish();
    CHECK(kernel.collect().at(0).id == 1);
}

TEST_CASE("an entry of an unknown kind is marked and passed over") {
    KernelRing kernel;
    kernel.submit_unknown(5, 64);
    kernel.submit(test_unit_ready);
    auto ring = attached(kernel);
    complete_good(ring, take(ring));
    ring.publish();
    CHECK(kernel.collect().size() == 1);
    CHECK(kernel.ring()[7] == std::byte{abi::unknown_opcode});
}

TEST_CASE("a CDB has the length of its opcode's group, or says its own") {
    CHECK(cdb_length(0x00, 0) == 6);
    CHECK(cdb_length(0x28, 0) == 10);
    CHECK(cdb_length(0x7e, 0) == 12);
    CHECK(cdb_length(0x7f, 24) == 32);
    CHECK(cdb_length(0x7f, 252) == 260);
    CHECK(cdb_length(0x7f, 255) == 260);
    CHECK(cdb_length(0x88, 0) == 16);
    CHECK(cdb_length(0xa8, 0) == 12);
    CHECK(cdb_length(0xc0, 0) == 10);
}

TEST_CASE("a CDB of 260 bytes arrives whole") {
    KernelRing kernel;
    std::vector<std::uint8_t> cdb(260);
    std::iota(cdb.begin(), cdb.end(), std::uint8_t{0});
    cdb[0] = 0x7f;
    cdb[7] = 252;
    kernel.submit(cdb);
    auto ring = attached(kernel);
    const auto* entry = ring.next();
    REQUIRE(entry);
    CHECK(std::ranges::equal(entry->cdb, std::as_bytes(std::span(cdb))));
}

TEST_CASE("a mailbox that cannot be served is refused with the reason") {
    const auto refused = [](auto change) {
        KernelRing kernel;
        change(kernel.mailbox());
        const auto ring = Ring::attach(kernel.mapping(), Journal::in_memory());
        REQUIRE_FALSE(ring);
        return std::string(ring.error());
    };
    CHECK(refused([](auto& box) { box.version = 3; }).find("version") != std::string::npos);
    CHECK(refused([](auto& box) { box.ring_size = 0x7fffffff; }).find("ring") != std::string::npos);
    CHECK(refused([](auto& box) { box.ring_offset = 64; }).find("ring") != std::string::npos);
    CHECK(refused([](auto& box) { box.tail = 4; }).find("tail") != std::string::npos);
    CHECK(refused([](auto& box) { box.head = 4096; }).find("head") != std::string::npos);
    CHECK_FALSE(Ring::attach({}, Journal::in_memory()));
}

TEST_CASE("an entry that no kernel writes ends the ring instead of being believed") {
    KernelRing kernel;
    kernel.submit_in({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, 512);
    auto& request = *reinterpret_cast<abi::Request*>(kernel.ring());
    SECTION("length zero") {
        request.header.length_and_opcode = 1;
    }
    SECTION("length beyond the head") {
        request.header.length_and_opcode = 4088 | 1;
    }
    SECTION("more pieces than fit") {
        request.piece_count = 1000;
    }
    SECTION("a count that overflows") {
        request.piece_count = 0xffffffff;
    }
    SECTION("a CDB before its entry") {
        request.cdb_offset = 0;
    }
    SECTION("a CDB behind its entry") {
        request.cdb_offset = 1u << 20;
    }
    auto ring = attached(kernel);
    const auto* entry = ring.next();
    REQUIRE(entry);
    CHECK(entry->kind == Entry::Kind::broken);
    CHECK_FALSE(entry->problem.empty());
    CHECK_FALSE(ring.next());
    CHECK_FALSE(ring.has_more());
}

TEST_CASE("two commands of the same id end the ring: one of them could not be answered") {
    KernelRing kernel;
    kernel.submit(test_unit_ready);
    auto& first = *reinterpret_cast<abi::Request*>(kernel.ring());
    kernel.submit(test_unit_ready);
    const auto length = first.header.length_and_opcode & ~7u;
    auto& second = *reinterpret_cast<abi::Request*>(kernel.ring() + length);
    second.header.command_id = first.header.command_id;
    auto ring = attached(kernel);
    const auto id = take(ring);
    const auto* entry = ring.next();
    REQUIRE(entry);
    CHECK(entry->kind == Entry::Kind::broken);
    complete_good(ring, id);
    CHECK(ring.outstanding() == 0);
}

TEST_CASE("a piece outside of the data area is not mapped") {
    KernelRing kernel;
    auto ring = attached(kernel);
    const auto end = kernel.mapping().size();
    const auto mapped = [&](abi::Piece piece) {
        iovec into;
        return ring.map({&piece, 1}, {&into, 1});
    };
    CHECK(mapped({end - 8, 8}));
    CHECK_FALSE(mapped({end - 8, 9}));
    CHECK_FALSE(mapped({end + 1, 0}));
    CHECK_FALSE(mapped({0, 8}));
    CHECK_FALSE(mapped({end - 8, ~std::uint64_t{0}}));
}

TEST_CASE("a ring attached anew goes on at the tail") {
    KernelRing kernel;
    for (int i = 0; i < 3; ++i) kernel.submit(test_unit_ready);
    {
        auto ring = attached(kernel);
        complete_good(ring, take(ring));
        ring.publish();
    }
    kernel.collect();
    auto ring = attached(kernel);
    CHECK(take(ring) == CommandId{2});
    CHECK(take(ring) == CommandId{3});
    CHECK_FALSE(ring.next());
}
