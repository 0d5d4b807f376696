// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library_file.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::tape;

namespace {

constexpr std::string_view whole = R"(name = "vtl"
personality = "ibm-3584"
serial = "0000078000000401"
slots = 3
import_export = 1

[elements]
transport = 0
storage = 1000

[[drives]]
serial = "0000000001"

[[drives]]
serial = "0000000002"
personality = "lto-9"
maker = "hpe"
compression = "fast"
)";

std::string error_of(const std::string& text) {
    const auto library = parse_library(text, "library.toml");
    REQUIRE_FALSE(library);
    return library.error().text;
}
std::string with(const std::string& line) {
    return "name = \"vtl\"\nserial = \"1\"\nslots = 3\n" + line + "\n";
}

}  // namespace

TEST_CASE("a library's file is read; what is not said is usual") {
    const auto library = parse_library(whole, "library.toml");
    REQUIRE(library);
    CHECK(library->name == "vtl");
    CHECK(library->vendor == "IBM");
    CHECK(library->product == "03584L32");
    CHECK(library->serial == "0000078000000401");
    CHECK(library->slots == 3);
    CHECK(library->import_export == 1);
    CHECK(library->bases == LibraryFile::Bases{0, 16, 256, 1000});
    CHECK(library->drives == std::vector<LibraryFile::Drive>{{"0000000001", "lto-8", "tcmud", "off"},
                                                             {"0000000002", "lto-9", "hpe", "fast"}});
}

TEST_CASE("what is printed is read as the same") {
    auto library = *parse_library(whole, "library.toml");
    library.product = "a \"b\" \\";
    CHECK(parse_library(print(library), "library.toml") == library);
}

TEST_CASE("elements are sorted by type, and their addresses follow each other") {
    const auto elements = parse_library(whole, "library.toml")->elements();
    REQUIRE(elements.size() == 1 + 3 + 1 + 2);
    CHECK(elements[0].type == ElementType::transport);
    CHECK(elements[3].type == ElementType::storage);
    CHECK(elements[3].address == ElementAddress{1002});
    CHECK(elements[4].type == ElementType::import_export);
    CHECK(elements[6].type == ElementType::drive);
    CHECK(elements[6].address == ElementAddress{257});
    CHECK(elements[6].serial == "0000000002");
    CHECK(elements[6].personality == "lto-9");
    CHECK(elements[6].maker == "hpe");
}

TEST_CASE("an error names the line and what it should be") {
    CHECK(error_of("name = ").starts_with("library.toml:1: "));
    CHECK(error_of(with("slotz = 4")).starts_with("library.toml:4: unknown key 'slotz'; known: name, "));
    CHECK(error_of(with("import_export = 300")) ==
          "library.toml:4: import_export must be a number from 0 to 255");
    CHECK(error_of(with("import_export = 1.5")) ==
          "library.toml:4: import_export must be a number from 0 to 255");
    CHECK(error_of(with("vendor = \"far too long\"")) ==
          "library.toml:4: vendor must be a string of 1 to 8 printable characters");
    CHECK(error_of(with("personality = \"x\"")) ==
          "library.toml:4: personality must be one of " + known_library_personalities());
    CHECK(error_of(with("elements = 1")).find("unknown key 'elements'") != std::string::npos);
    CHECK(error_of(with("[elements]\nstorages = 1"))
              .starts_with("library.toml:5: unknown key 'elements.storages'"));
}

TEST_CASE("errors of drives name the line too") {
    CHECK(error_of(with("drives = 2")) ==
          "library.toml:4: drives must be a list of tables with serial, personality, maker and compression");
    CHECK(
        error_of(with("[[drives]]\nserial = 7")) ==
        "library.toml:5: serial of a drive must be a string of 1 to 32 printable characters without spaces");
    CHECK(error_of(with("[[drives]]\npersonality = \"lto-8\"")) == "library.toml:4: a drive has no serial");
    CHECK(error_of(with("[[drives]]\nserial = \"2\"\nspeed = 1")) ==
          "library.toml:6: unknown key 'speed' of a drive; known: serial, personality, maker, compression");
    CHECK(error_of(with("[[drives]]\nmaker = \"x\"")) ==
          "library.toml:5: maker of a drive must be one of tcmud, ibm, hpe");
    CHECK(error_of(with("[[drives]]\ncompression = \"lots\"")) ==
          "library.toml:5: compression of a drive must be one of off, fast, default");
    CHECK(error_of(with("[[drives]]\nserial = \"1\"")) == "library.toml: two have the serial 1");
}

TEST_CASE("what a library needs is asked for") {
    CHECK(error_of("serial = \"1\"\nslots = 3") == "library.toml: there is no name");
    CHECK(error_of("name = \"a\"\nslots = 3") == "library.toml: there is no serial");
    CHECK(error_of("name = \"a\"\nserial = \"1\"") == "library.toml: there is no number of slots");
}

TEST_CASE("addresses are each one element's") {
    CHECK(error_of(with("[elements]\nstorage = 65534")) ==
          "library.toml: the addresses of slots go beyond 65535");
    CHECK(error_of(with("[elements]\ntransport = 4097")) ==
          "library.toml: slots, from 4096 on, and the transport element, from 4097 on, have the same "
          "addresses");
    // There are none of them.
    CHECK(parse_library(with("[elements]\nimport_export = 4096"), "library.toml"));
}
