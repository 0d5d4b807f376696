// SPDX-License-Identifier: Apache-2.0
#include "handler/http/target.hpp"

#include <catch2/catch.hpp>

using namespace tcmud::http;

TEST_CASE("a name of any bytes travels in a target") {
    CHECK(escaped_path("user_0/disk-1.img") == "user_0/disk-1.img");
    CHECK(escaped_path("user_0/a b?c%\xff") == "user_0/a%20b%3Fc%25%FF");
    for (const auto* name : {"user_0/disk1", "user_0/a b?c%\xff", ""})
        CHECK(unescaped_path(escaped_path(name)) == name);
    CHECK(unescaped_path("%2f%2F") == "//");
}

TEST_CASE("a target with half an escape is none") {
    for (const auto* path : {"%", "a%2", "%zz", "%2", "b%%20"}) {
        CAPTURE(path);
        CHECK_FALSE(unescaped_path(path));
    }
}
