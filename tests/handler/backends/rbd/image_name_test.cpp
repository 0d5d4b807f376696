// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/image_name.hpp"

#include <catch2/catch.hpp>

using tcmud::rbd::ImageName;

TEST_CASE("an image is named by its pool, perhaps a namespace, and perhaps a snapshot") {
    const auto [text, name] = GENERATE(table<const char*, ImageName>({
        {"rbd/one", {"rbd", "", "one", ""}},
        {"rbd/ns/one", {"rbd", "ns", "one", ""}},
        {"rbd/one@monday", {"rbd", "", "one", "monday"}},
        {"rbd/ns/one@monday", {"rbd", "ns", "one", "monday"}},
        {"a.b-c_d/e f", {"a.b-c_d", "", "e f", ""}},
    }));
    CAPTURE(text);
    const auto parsed = ImageName::parse(text);
    REQUIRE(parsed);
    CHECK(*parsed == name);
    CHECK(parsed->text() == text);
}

TEST_CASE("what names no image is refused, in words") {
    const auto [text, why] = GENERATE(table<const char*, const char*>({
        {"", "no '/'"},
        {"one", "no '/'"},
        {"/one", "no pool"},
        {"rbd/", "no image"},
        {"rbd/@monday", "no image"},
        {"rbd//one", "empty name of a namespace"},
        {"rbd/one@", "empty name of a snapshot"},
        {"a/b/c/one", "too many slashes"},
        {"/b/c/one", "no pool"},
        {"rbd@x/one", "an '@'"},
        {"rbd/ns@x/one", "an '@'"},
        {"rbd/one@a@b", "an '@'"},
    }));
    CAPTURE(text);
    const auto parsed = ImageName::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK_THAT(parsed.error().text, Catch::Contains(why) && Catch::Contains("POOL[/NAMESPACE]/IMAGE"));
}
