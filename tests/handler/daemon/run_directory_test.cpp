// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/run_directory.hpp"

#include <cerrno>
#include <fstream>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using Catch::Matchers::Contains;
using tcmud::daemon::RunDirectory;

TEST_CASE("a run directory is made, parents and all") {
    const tcmud::test::TemporaryDirectory directory;
    const auto path = directory.path() / "a" / "b";
    const auto taken = RunDirectory::take(path);
    REQUIRE(taken);
    CHECK(std::filesystem::is_directory(path));
    CHECK(taken->control_socket() == path / "control.sock");
}

TEST_CASE("a second tcmud is refused while the first has the run directory") {
    const tcmud::test::TemporaryDirectory directory;
    {
        const auto first = RunDirectory::take(directory.path());
        REQUIRE(first);
        const auto second = RunDirectory::take(directory.path());
        REQUIRE_FALSE(second);
        CHECK(second.error().number == EEXIST);
        CHECK_THAT(second.error().text, Contains(directory.path().string()) && Contains("--run-dir"));
        // The refused one must not have let the lock go.
        CHECK_FALSE(RunDirectory::take(directory.path()));
    }
    CHECK(RunDirectory::take(directory.path()));
}

TEST_CASE("who moves a run directory keeps its lock") {
    const tcmud::test::TemporaryDirectory directory;
    auto taken = RunDirectory::take(directory.path());
    REQUIRE(taken);
    std::optional<RunDirectory> moved(std::move(*taken));
    taken = tcmud::failure(0, "");
    CHECK_FALSE(RunDirectory::take(directory.path()));
    moved.reset();
    CHECK(RunDirectory::take(directory.path()));
}

TEST_CASE("a second tcmud is refused while the first serves, and may serve when the first is gone") {
    const tcmud::test::TemporaryDirectory directory;
    std::optional<RunDirectory> first(std::move(*RunDirectory::take(directory.path())));
    CHECK(first->serving());
    CHECK_FALSE(RunDirectory::take(directory.path()));
    first.reset();
    auto second = RunDirectory::take(directory.path());
    REQUIRE(second);
    CHECK(second->serving());
}

TEST_CASE("where no directory can be, the error names it") {
    const tcmud::test::TemporaryDirectory directory;
    std::ofstream(directory.path() / "file") << "x";
    const auto taken = RunDirectory::take(directory.path() / "file" / "run");
    REQUIRE_FALSE(taken);
    CHECK(taken.error().number == ENOTDIR);
    CHECK_THAT(taken.error().text, Contains("file/run"));
}
