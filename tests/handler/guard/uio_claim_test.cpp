// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/uio_claim.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;

namespace {

void has_open(const test::Machine& machine, const std::string& process, const std::string& device) {
    const auto directory = machine.paths.processes / process / "fd";
    std::filesystem::create_directories(directory);
    std::filesystem::create_symlink("/dev/" + device, directory / "5");
}

}  // namespace

TEST_CASE("a device that nobody has open is claimed") {
    const test::Machine machine;
    machine.add_lun("one", 3);
    const auto claimed = claim(3, machine.paths);
    REQUIRE(claimed);
    CHECK(claimed->holder == Holder::nobody);
    CHECK(claimed->file.fd() >= 0);
}

TEST_CASE("a device that is not there is an error that names it") {
    const test::Machine machine;
    const auto claimed = claim(3, machine.paths);
    REQUIRE_FALSE(claimed);
    CHECK_THAT(claimed.error().text, Catch::Matchers::Contains("uio3: No such file"));
}

TEST_CASE("only the service manager keeps a device for another process") {
    const test::Machine machine;
    CHECK_FALSE(only_kept(3, machine.paths.processes));
    has_open(machine, "77", "uio3");
    CHECK_FALSE(only_kept(3, machine.paths.processes));
    has_open(machine, "1", "uio33");
    CHECK_FALSE(only_kept(3, machine.paths.processes));
    CHECK(only_kept(33, machine.paths.processes));
    has_open(machine, "78", "uio33");
    CHECK_FALSE(only_kept(33, machine.paths.processes));
}
