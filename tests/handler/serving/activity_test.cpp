// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/activity.hpp"

#include <catch2/catch.hpp>

using tcmud::serving::Activity;

TEST_CASE("who sleeps is woken by the first sign of work, once") {
    Activity activity;
    int woken = 0;
    activity.on_wake([&] { ++woken; });
    activity.note();
    CHECK(woken == 0);
    activity.sleep();
    CHECK(woken == 0);
    activity.note();
    activity.note();
    CHECK(woken == 1);
    activity.sleep();
    activity.note();
    CHECK(woken == 2);
}
