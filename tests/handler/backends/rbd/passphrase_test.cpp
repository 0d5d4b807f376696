// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/passphrase.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using tcmud::rbd::Passphrase;

namespace {

struct PassphraseFile {
    explicit PassphraseFile(const std::string& content) { std::ofstream(path) << content; }
    tcmud::test::TemporaryDirectory directory;
    std::string path = directory.path() / "passphrase";
};

}  // namespace

TEST_CASE("a passphrase is all that its file holds") {
    const auto* const content = GENERATE("x", "correct horse", "with a line end\n");
    const PassphraseFile file(content);
    const auto passphrase = Passphrase::read(file.path);
    REQUIRE(passphrase);
    CHECK(passphrase->text() == content);
}

TEST_CASE("a passphrase that was moved is no longer where it was") {
    const PassphraseFile file("correct horse");
    auto passphrase = Passphrase::read(file.path);
    REQUIRE(passphrase);
    const Passphrase moved(std::move(*passphrase));
    CHECK(moved.text() == "correct horse");
    CHECK(passphrase->text().empty());
}

TEST_CASE("a file that cannot hold a passphrase is refused") {
    CHECK_THAT(Passphrase::read("/none").error().text,
               Catch::Equals("passphrase-file=/none: cannot read: No such file or directory"));
    CHECK_THAT(Passphrase::read("/").error().text, Catch::Contains("Is a directory"));
    CHECK_THAT(Passphrase::read("/dev/null").error().text, Catch::Contains("is empty"));
    const PassphraseFile long_one(std::string(4097, 'x'));
    CHECK_THAT(Passphrase::read(long_one.path).error().text, Catch::Contains("longer than 4096"));
}
