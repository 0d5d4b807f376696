// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("file: the module serves tcmu-runner's qcow handler too") {
    CHECK(module("file").subtype() == "file");
    REQUIRE(module("file").aliases().size() == 1);
    CHECK(module("file").aliases()[0] == "qcow");
}

TEST_CASE("file: its options are those of its page") {
    std::vector<std::string_view> keys;
    for (const auto& info : module("file").options()) keys.push_back(info.key);
    for (const auto* key : {"direct", "readonly", "create", "prealloc"}) {
        INFO(key);
        CHECK(std::ranges::find(keys, key) != keys.end());
    }
}
