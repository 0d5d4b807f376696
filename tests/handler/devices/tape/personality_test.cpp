// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/tape/personality.hpp"

#include <catch2/catch.hpp>

using namespace tcmud::devices;

TEST_CASE("the drives are those that administrators can name, found by name") {
    CHECK(all_tape_personalities().size() == tcmud::tape_personalities.size());
    for (const auto name : tcmud::tape_personalities) {
        const auto& personality = tape_personality(name);
        CHECK(personality.name == name);
        CHECK(find_tape_density(personality.density));
        CHECK(find_tape_density(personality.oldest_readable));
        CHECK(find_tape_density(personality.oldest_writable));
        for (const auto maker : tcmud::tape_makers) CHECK(personality.model(maker).maker == maker);
    }
    CHECK(tape_personality("lto-4").name == "lto-8");
    CHECK(tape_personality("lto-8").model("nobody").vendor == "TCMUD");
}

TEST_CASE("INQUIRY strings fit in their fields, and are such as LTFS looks for") {
    for (const auto& personality : all_tape_personalities()) {
        for (const auto& model : personality.models) {
            CHECK(model.vendor.size() <= 8);
            CHECK(model.product.size() <= 16);
            CHECK(model.revision.size() == 4);
        }
        CHECK(personality.model("ibm").product.substr(0, 10) == "ULT3580-TD");
    }
    CHECK(tape_personality("lto-8").model("ibm").revision >= "HB81");
}

TEST_CASE("density codes are the standard's") {
    CHECK(tape_personality("lto-5").density == 0x58);
    CHECK(tape_personality("lto-9").density == 0x60);
    CHECK(find_tape_density(0x5e)->medium_type == 0x88);
    CHECK(find_tape_density(0x5e)->worm_medium_type == 0x8c);
    CHECK(find_tape_density(0x11) == nullptr);
}
