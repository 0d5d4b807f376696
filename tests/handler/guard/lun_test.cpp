// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/lun.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;

TEST_CASE("a LUN's file has the names of its HBA and of its device") {
    const auto lun = lun_of_file("user_0-disk1");
    REQUIRE(lun);
    CHECK(lun->hba == "user_0");
    CHECK(lun->device == "disk1");
    CHECK(lun->text() == "user_0/disk1");
    CHECK(lun->file_name() == "user_0-disk1");
    CHECK(lun_of_file("user_12-a-b c:d")->device == "a-b c:d");
}

TEST_CASE("other files are no LUNs") {
    for (const auto* name : {"", "lock", "user_0", "user_-x", "user_x-y", "user_0-", "user_0-.", "user_0-..",
                             "iblock_0-a", ".user_0-a"}) {
        CAPTURE(name);
        CHECK_FALSE(lun_of_file(name));
    }
}

TEST_CASE("the LUNs of a directory are sorted; one that is missing has none") {
    const test::Machine machine;
    machine.add_lun("two", 2);
    machine.add_lun("one", 1);
    machine.write(machine.paths.journals() / ".user_0-temporary", "");
    CHECK(luns_in(machine.paths.journals()) == std::vector<Lun>{{"user_0", "one"}, {"user_0", "two"}});
    CHECK(luns_in(machine.root() / "no").empty());
}
