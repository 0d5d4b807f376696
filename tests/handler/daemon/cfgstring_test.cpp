// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/cfgstring.hpp"

#include <array>
#include <cerrno>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::daemon;
using Catch::Matchers::Contains;

namespace {

constexpr std::array known{
    OptionInfo{"direct", OptionInfo::Kind::flag, "bypass the page cache"},
    OptionInfo{"depth", OptionInfo::Kind::number, "how many at a time"},
    OptionInfo{"label", OptionInfo::Kind::text, "anything"},
};

Result<ParsedConfig> parse(std::string_view config) {
    return parse_config(config, known, [](const std::string&) { return false; });
}

}  // namespace

TEST_CASE("the subtype ends at the first slash") {
    CHECK(subtype_of("file//srv/disk.img") == "file");
    CHECK(subtype_of("ram/") == "ram");
    CHECK(subtype_of("ram") == "ram");
    CHECK(subtype_of("").empty());
}

TEST_CASE("cfgstrings of tcmu-runner mean the same") {
    CHECK(parse("file//srv/disk.img")->path == "/srv/disk.img");
    CHECK(parse("rbd/pool/image")->path == "pool/image");
    CHECK(parse("ram/")->path.empty());
    CHECK(parse("rbd/pool/image;tcmur_cmd_time_out=30")->path == "pool/image");
}

TEST_CASE("options behind semicolons go to the backend, or to tcmud itself") {
    const auto parsed = parse("file//a b;direct=on;depth=8;wce=0;label=x=y");
    REQUIRE(parsed);
    CHECK(parsed->path == "/a b");
    CHECK(parsed->options.flag("direct", false));
    CHECK(parsed->options.text("depth") == "8");
    CHECK(parsed->options.text("label") == "x=y");
    CHECK_FALSE(parsed->options.text("wce"));
    CHECK_FALSE(parsed->common.write_cache);
    CHECK(parsed->common.show_config);
}

TEST_CASE("without options the write cache is on and the cfgstring is shown") {
    CHECK(parse("file//a")->common == CommonOptions{});
    CHECK(parse("file//a")->options == Options{});
    CHECK_FALSE(parse("file//a;vpd_config=off")->common.show_config);
    CHECK(parse("file//a;wce=1")->common.write_cache);
}

TEST_CASE("a LUN may ask for a serving thread by its number") {
    CHECK_FALSE(parse("file//a")->common.thread);
    CHECK(parse("file//a;thread=0")->common.thread == 0u);
    CHECK(parse("file//a;thread=12")->common.thread == 12u);
    for (const auto* value : {"", "-1", "one", "1.5", "99999999999999999999"}) {
        CAPTURE(value);
        const auto refused = parse(std::string("file//a;thread=") + value);
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error().text, Contains("write thread=NUMBER"));
    }
}

TEST_CASE("%3B is a semicolon of the path, every other percent sign itself") {
    CHECK(parse("file//a%3Bb;direct=1")->path == "/a;b");
    CHECK(parse("file//a%3bb")->path == "/a;b");
    CHECK(parse("file//100%")->path == "/100%");
    CHECK(parse("file//a%2Cb%3")->path == "/a%2Cb%3");
    CHECK(parse("file//a;label=x%3By")->options.text("label") == "x;y");
}

TEST_CASE("an existing file whose name has semicolons is the path, all of it") {
    std::string asked;
    const auto parsed = parse_config("file//srv/a;direct=on", known, [&](const std::string& path) {
        asked = path;
        return true;
    });
    REQUIRE(parsed);
    CHECK(asked == "/srv/a;direct=on");
    CHECK(parsed->path == "/srv/a;direct=on");
    CHECK(parsed->options == Options{});
}

TEST_CASE("a path without semicolons is not looked for") {
    const auto parsed = parse_config("file//srv/a", known, [](const std::string&) -> bool {
        FAIL("asked");
        return false;
    });
    CHECK(parsed->path == "/srv/a");
}

TEST_CASE("an unknown option is refused with those that are known") {
    const auto parsed = parse("file//a;dircet=on");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().number == EINVAL);
    CHECK_THAT(parsed.error().text,
               Contains("unknown option 'dircet'") && Contains("direct, depth, label, wce"));
    CHECK_FALSE(parse("file//a;"));
    CHECK_FALSE(parse("file//a;=on"));
    CHECK_FALSE(parse("file//a; direct=on"));
}

TEST_CASE("a value of the wrong form is refused with the right form") {
    CHECK_THAT(parse("file//a;direct=maybe").error().text, Contains("write direct=on|off"));
    CHECK_THAT(parse("file//a;depth=many").error().text, Contains("write depth=NUMBER"));
    CHECK_THAT(parse("file//a;label=").error().text, Contains("write label=TEXT"));
    for (const auto* config : {"x/;direct", "x/;direct=", "x/;direct=ON", "x/;wce=2",
                               "x/;depth=", "x/;depth=-1", "x/;depth=1k", "x/;depth=99999999999999999999"}) {
        CAPTURE(config);
        CHECK_FALSE(parse(config));
    }
    for (const auto* value : {"on", "off", "1", "0", "yes", "no", "true", "false"}) {
        CAPTURE(value);
        CHECK(parse(std::string("x/;direct=") + value));
    }
}

TEST_CASE("an option that is given twice is refused") {
    CHECK_THAT(parse("file//a;direct=on;direct=on").error().text, Contains("direct is given twice"));
    CHECK_THAT(parse("file//a;wce=0;wce=1").error().text, Contains("wce is given twice"));
}

TEST_CASE("a string without a slash is refused") {
    CHECK(parse("file").error().number == EINVAL);
    CHECK_THAT(parse("").error().text, Contains("SUBTYPE/PATH"));
}

TEST_CASE("a string that the kernel may have cut is refused") {
    CHECK(parse("x/" + std::string(252, 'a')));  // 254 bytes.
    const auto cut = parse("x/" + std::string(253, 'a'));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().number == ENAMETOOLONG);
    CHECK_THAT(cut.error().text, Contains("255"));
    // Where the kernel ends a parameter.
    for (const auto& config : {std::string("x/a,b"), std::string("x/a\nb"), std::string("x/a\0b", 5)})
        CHECK(parse(config).error().number == EINVAL);
}

TEST_CASE("help lists the backend's options, then tcmud's, a line each") {
    const auto text = describe(known);
    CHECK_THAT(text, Contains("  direct=on|off        bypass the page cache\n"));
    CHECK_THAT(text, Contains("  depth=NUMBER         how many at a time\n"));
    CHECK(text.find("label=TEXT") < text.find("wce=on|off"));
}
