// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/counter.hpp"

#include <catch2/catch.hpp>

TEST_CASE("a counter goes up, and down by a number that wraps") {
    std::atomic<std::uint64_t> counter{5};
    tcmud::serving::add(counter, 2);
    CHECK(tcmud::serving::value(counter) == 7);
    tcmud::serving::add(counter, ~std::uint64_t{0});
    CHECK(tcmud::serving::value(counter) == 6);
}
