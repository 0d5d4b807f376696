// SPDX-License-Identifier: Apache-2.0
// The backends that need nothing but a directory.
#include <catch2/catch.hpp>

#include "tests/handler/backends/contract.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

void for_each_backend(const std::function<void(Opened&)>& check) {
    SECTION("ram") {
        Opened ram("ram", request("", disk_size));
        check(ram);
    }
    SECTION("file") {
        const TemporaryDirectory directory;
        Opened file("file", request(directory.path() / "disk", disk_size, {{"create", "on"}}));
        check(file);
    }
    SECTION("fault") {
        const TemporaryDirectory directory;
        Opened fault("fault", request(directory.path() / "disk", disk_size, {{"create", "on"}}));
        check(fault);
    }
}

}  // namespace tcmud::test
