// SPDX-License-Identifier: Apache-2.0
#include "tcmud/result.hpp"

#include <cerrno>
#include <memory>

#include <catch2/catch.hpp>

using namespace tcmud;

namespace {

Result<std::unique_ptr<int>> half_of(int number) {
    if (number % 2 != 0) return failure(EINVAL, "halving " + std::to_string(number) + ": it is odd");
    return std::make_unique<int>(number / 2);
}

}  // namespace

TEST_CASE("a failure has an errno for the kernel and a line for people") {
    const auto result = half_of(3);
    REQUIRE_FALSE(result);
    CHECK(result.error().number == EINVAL);
    CHECK(result.error().text == "halving 3: it is odd");
}

TEST_CASE("a result that is well is its value, which may be one that only moves") {
    auto result = half_of(4);
    REQUIRE(result);
    const auto half = std::move(*result);
    CHECK(*half == 2);
}

TEST_CASE("a failure becomes a failure of whatever was attempted") {
    const auto nothing = []() -> Result<void> { return failure(ENOENT, "no such file"); }();
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().number == ENOENT);
    const Result<void> done;
    CHECK(done);
}
