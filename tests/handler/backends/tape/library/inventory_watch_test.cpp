// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/inventory_watch.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud::tape;
namespace fs = std::filesystem;

namespace {

void replace(const fs::path& directory, const std::string& name) {
    std::ofstream(directory / "fresh") << "x";
    fs::rename(directory / "fresh", directory / name);
}

bool becomes(const std::atomic<int>& count, int wanted) {
    for (int i = 0; i < 5000 && count != wanted; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return count == wanted;
}

}  // namespace

TEST_CASE("an inventory that is replaced is noticed by all who watch it, files of other names are not") {
    tcmud::test::TemporaryDirectory first, second;
    std::atomic<int> of_first = 0, of_first_too = 0, of_second = 0;
    InventoryWatch one(first.path().string(), [&] { ++of_first; });
    std::optional<InventoryWatch> same(std::in_place, first.path().string(), [&] { ++of_first_too; });
    InventoryWatch other(second.path().string(), [&] { ++of_second; });
    replace(first.path(), "lock");
    replace(first.path(), "inventory");
    CHECK(becomes(of_first, 1));
    CHECK(becomes(of_first_too, 1));
    same.reset();
    replace(first.path(), "inventory");
    CHECK(becomes(of_first, 2));
    replace(second.path(), "inventory");
    CHECK(becomes(of_second, 1));
    CHECK(of_first == 2);
    CHECK(of_first_too == 1);
}

TEST_CASE("a library.toml is noticed however an editor writes it") {
    const tcmud::test::TemporaryDirectory directory;
    std::atomic<int> noticed = 0;
    const InventoryWatch watch(directory.path().string(), [&] { ++noticed; });
    replace(directory.path(), "library.toml");
    CHECK(becomes(noticed, 1));
    std::ofstream(directory.path() / "library.toml") << "y";
    CHECK(becomes(noticed, 2));
}

TEST_CASE("a directory that cannot be watched is not, and that is told") {
    const tcmud::test::TemporaryDirectory there;
    const InventoryWatch watch(there.path().string(), [] {});
    CHECK(watch.watches());
    const InventoryWatch none("/nowhere", [] {});
    CHECK_FALSE(none.watches());
}
