// SPDX-License-Identifier: Apache-2.0
#include "tcmud/module.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;

namespace {

class Minimal final : public BackendModule {
public:
    std::string_view subtype() const override { return "minimal"; }
    std::string_view description() const override { return "Nothing"; }
    std::span<const OptionInfo> options() const override { return {}; }
    Result<void> check(const OpenRequest&) const override { return {}; }
    Result<OpenedBackend> open(const OpenRequest&) const override { return failure(1, "never"); }
};

}  // namespace

TEST_CASE("an option that was given has its text, empty or not") {
    Options options;
    options.set("user", "lab");
    options.set("pool", "");
    CHECK(options.text("user") == "lab");
    REQUIRE(options.text("pool"));
    CHECK(options.text("pool")->empty());
    CHECK_FALSE(options.text("use"));
    CHECK_FALSE(options.text("users"));
}

TEST_CASE("a flag is on by each word for it, and off by each other") {
    for (const std::string on : {"on", "1", "yes", "true"}) {
        Options options;
        options.set("cache", on);
        CHECK(options.flag("cache", false));
    }
    for (const std::string off : {"off", "0", "no", "false"}) {
        Options options;
        options.set("cache", off);
        CHECK_FALSE(options.flag("cache", true));
    }
}

TEST_CASE("a flag that was not given is what the backend says") {
    CHECK(Options{}.flag("cache", true));
    CHECK_FALSE(Options{}.flag("cache", false));
}

TEST_CASE("options are equal if their keys and values are") {
    Options a;
    Options b;
    CHECK(a == b);
    a.set("user", "lab");
    CHECK_FALSE(a == b);
    b.set("user", "lab");
    CHECK(a == b);
    b.set("pool", "x");
    CHECK_FALSE(a == b);
}

TEST_CASE("a module has no aliases unless it says so") {
    CHECK(Minimal{}.aliases().empty());
}
