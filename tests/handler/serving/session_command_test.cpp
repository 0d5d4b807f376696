// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/session_command.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::serving;

TEST_CASE("a command has room for as many pieces as its entry has") {
    SessionCommand command;
    for (const std::size_t count : {0u, 1u, 8u, 9u, 5000u, 3u}) {
        const auto room = command.room_for_pieces(count);
        REQUIRE(room.size() == count);
        std::ranges::fill(room, iovec{});  // The address sanitizer would see what is not ours.
    }
}

TEST_CASE("a command that shrank after a large one has room again") {
    SessionCommand command;
    command.room_for_pieces(5000);
    command.shrink();
    const auto room = command.room_for_pieces(5000);
    REQUIRE(room.size() == 5000);
    std::ranges::fill(room, iovec{});
}

TEST_CASE("a pool gives out what it was given back, before anything new") {
    CommandPool pool;
    auto& first = pool.take();
    auto& second = pool.take();
    CHECK(&first != &second);
    pool.give_back(first);
    CHECK(&pool.take() == &first);
    pool.give_back(second);
    pool.give_back(first);
    auto& a = pool.take();
    auto& b = pool.take();
    CHECK(&a != &b);
    CHECK(std::min(&a, &b) == std::min(&first, &second));
    CHECK(std::max(&a, &b) == std::max(&first, &second));
    pool.give_back(a);
    pool.give_back(b);
}

TEST_CASE("a pool takes back more commands than it keeps") {
    CommandPool pool;
    std::vector<SessionCommand*> taken;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 1500; ++i) taken.push_back(&pool.take());
        std::ranges::sort(taken);
        CHECK(std::ranges::adjacent_find(taken) == taken.end());
        for (auto* command : taken) pool.give_back(*command);  // The leak sanitizer sees what is lost.
        taken.clear();
    }
}

TEST_CASE("the longest CDB fits into a command") {
    SessionCommand command;
    const std::vector<std::byte> cdb(devices::Command::longest_cdb, std::byte{0x7f});
    command.set_cdb(cdb);
    CHECK(std::ranges::equal(command.cdb(), cdb));
    command.set_cdb(std::span(cdb).first(6));
    CHECK(command.cdb().size() == 6);
}
