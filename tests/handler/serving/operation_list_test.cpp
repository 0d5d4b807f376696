// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/operation_list.hpp"

#include <array>
#include <set>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::serving;

TEST_CASE("operations leave a list in the order in which they came") {
    std::array<IoOperation, 3> operations;
    OperationList list;
    CHECK(list.empty());
    CHECK(list.pop() == nullptr);
    for (auto& operation : operations) list.push(operation);
    CHECK(list.front() == &operations[0]);
    for (auto& operation : operations) CHECK(list.pop() == &operation);
    CHECK(list.empty());
    CHECK(list.front() == nullptr);
}

TEST_CASE("a list that was emptied takes operations again, the same ones or others") {
    std::array<IoOperation, 2> operations;
    OperationList list;
    list.push(operations[0]);
    list.pop();
    list.push(operations[1]);
    list.push(operations[0]);
    CHECK(list.pop() == &operations[1]);
    CHECK(list.pop() == &operations[0]);
    CHECK(list.empty());
}

TEST_CASE("a list knows whether it has so many operations") {
    std::array<IoOperation, 2> operations;
    OperationList list;
    CHECK(list.has_at_least(0));
    CHECK_FALSE(list.has_at_least(1));
    list.push(operations[0]);
    CHECK(list.has_at_least(1));
    CHECK_FALSE(list.has_at_least(2));
    list.push(operations[1]);
    CHECK(list.has_at_least(2));
    CHECK_FALSE(list.has_at_least(3));
}

TEST_CASE("posted operations are taken all at once, oldest first") {
    std::array<IoOperation, 3> operations;
    PostedOperations posted;
    CHECK(posted.take() == nullptr);
    for (auto& operation : operations) posted.push(operation);
    auto* taken = posted.take();
    for (auto& operation : operations) {
        REQUIRE(taken == &operation);
        taken = taken->next;
    }
    CHECK(taken == nullptr);
    CHECK(posted.take() == nullptr);
}

TEST_CASE("only the first post after a take has to wake anybody") {
    std::array<IoOperation, 3> operations;
    PostedOperations posted;
    CHECK(posted.push(operations[0]));
    CHECK_FALSE(posted.push(operations[1]));
    posted.take();
    CHECK(posted.push(operations[2]));
}

TEST_CASE("what several threads post is taken, each operation once") {
    constexpr std::size_t threads = 4;
    constexpr std::size_t each = 1000;
    std::vector<IoOperation> operations(threads * each);
    PostedOperations posted;
    std::vector<std::thread> posting;
    for (std::size_t thread = 0; thread < threads; ++thread) {
        posting.emplace_back([&operations, &posted, thread] {
            for (std::size_t i = 0; i < each; ++i) posted.push(operations[thread * each + i]);
        });
    }
    std::set<IoOperation*> taken;
    std::size_t count = 0;
    while (count < operations.size()) {
        for (auto* next = posted.take(); next; ++count) taken.insert(std::exchange(next, next->next));
    }
    for (auto& thread : posting) thread.join();
    CHECK(taken.size() == operations.size());
    CHECK(posted.take() == nullptr);
}

TEST_CASE("an operation leaves a list wherever it is in it") {
    std::array<IoOperation, 3> operations;
    const auto which = GENERATE(0u, 1u, 2u);
    OperationList list;
    for (auto& operation : operations) list.push(operation);
    CHECK(list.remove(operations[which]));
    CHECK_FALSE(list.remove(operations[which]));
    list.push(operations[which]);
    std::size_t left = 0;
    IoOperation* last = nullptr;
    while (auto* operation = list.pop()) {
        last = operation;
        ++left;
    }
    CHECK(left == operations.size());
    CHECK(last == &operations[which]);
}
