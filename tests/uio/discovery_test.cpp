// SPDX-License-Identifier: Apache-2.0
#include "uio/discovery.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud::uio;

TEST_CASE("a device's name has HBA, device, subtype and config") {
    const auto name = parse_name("tcm-user/3/disk1/file//srv/disk.img\n");
    REQUIRE(name);
    CHECK(name->hba == "3");
    CHECK(name->hba_directory() == "user_3");
    CHECK(name->device == "disk1");
    CHECK(name->config == "file//srv/disk.img");
    CHECK(name->subtype() == "file");
}

TEST_CASE("a config keeps its slashes, spaces and commas") {
    CHECK(parse_name("tcm-user/0/a/lab//a/b/c")->config == "lab//a/b/c");
    CHECK(parse_name("tcm-user/0/a/rbd/pool/im age,x")->config == "rbd/pool/im age,x");
}

TEST_CASE("a device without config has none") {
    const auto name = parse_name("tcm-user/0/noconf\n");
    REQUIRE(name);
    CHECK(name->device == "noconf");
    CHECK(name->config.empty());
    CHECK(name->subtype().empty());
}

TEST_CASE("a newline that echo left in the config is no part of it") {
    CHECK(parse_name("tcm-user/0/a/file//x\n\n")->config == "file//x");
    CHECK(parse_name("tcm-user/0/a/file//x \n")->config == "file//x");
}

TEST_CASE("device names may hold what directories may") {
    CHECK(parse_name("tcm-user/0/my disk: 1,ü/ram/")->device == "my disk: 1,ü");
}

TEST_CASE("what is no TCMU device has no name") {
    CHECK_FALSE(parse_name("uio_pdrv_genirq\n"));
    CHECK_FALSE(parse_name(""));
    CHECK_FALSE(parse_name("tcm-user"));
    CHECK_FALSE(parse_name("tcm-user/"));
    CHECK_FALSE(parse_name("tcm-user/0"));
    CHECK_FALSE(parse_name("tcm-user/0/"));
    CHECK_FALSE(parse_name("tcm-user/x/disk/file//a"));
    CHECK_FALSE(parse_name("tcm-user//disk/file//a"));
}

TEST_CASE("devices are found among others, by minor") {
    const tcmud::test::TemporaryDirectory sysfs;
    const auto make = [&](const std::string& directory, const std::string& name) {
        std::filesystem::create_directories(sysfs.path() / directory);
        std::ofstream(sysfs.path() / directory / "name") << name;
    };
    make("uio7", "tcm-user/0/b/ram/\n");
    make("uio0", "tcm-user/0/a/file//x\n");
    make("uio3", "some_other_hardware\n");
    std::filesystem::create_directories(sysfs.path() / "uio4");  // Vanishing: no name any more.
    // Just being removed: read(2) fails, here because it is a directory.
    std::filesystem::create_directories(sysfs.path() / "uio5" / "name");
    make("uiox", "tcm-user/0/c/ram/\n");
    const auto found = find_devices(sysfs.path());
    REQUIRE(found.size() == 2);
    CHECK(found[0].minor == 0);
    CHECK(found[0].name.device == "a");
    CHECK(found[1].minor == 7);
    CHECK(name_of(7, sysfs.path())->device == "b");
    CHECK_FALSE(name_of(3, sysfs.path()));
    CHECK_FALSE(name_of(99, sysfs.path()));
}

TEST_CASE("a machine without UIO devices has none") {
    CHECK(find_devices("/nonexistent/class").empty());
}
