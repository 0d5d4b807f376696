// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/run_directory.hpp"

#include <fcntl.h>

#include <cerrno>
#include <fstream>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using Catch::Matchers::Contains;
using tcmud::daemon::FileDescriptor;
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

TEST_CASE("a successor that has the lock's descriptor keeps the run directory") {
    const tcmud::test::TemporaryDirectory directory;
    std::optional<RunDirectory> inherited;
    {
        const auto taken = RunDirectory::take(directory.path());
        REQUIRE(taken);
        inherited.emplace(RunDirectory::inherit(directory.path(), FileDescriptor(::dup(taken->lock()))));
    }
    CHECK_FALSE(RunDirectory::take(directory.path()));
    inherited.reset();
    CHECK(RunDirectory::take(directory.path()));
}

TEST_CASE("others can see whether a tcmud is there, and whether it serves") {
    const tcmud::test::TemporaryDirectory directory;
    const auto taken = RunDirectory::take(directory.path());
    REQUIRE(taken);
    const FileDescriptor other(::open((directory.path() / "lock").c_str(), O_RDWR | O_CLOEXEC));
    const auto locked = [&](off_t byte) {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_start = byte;
        lock.l_len = 1;
        REQUIRE(::fcntl(other.get(), F_OFD_GETLK, &lock) == 0);
        return lock.l_type != F_UNLCK;
    };
    CHECK(locked(0));
    CHECK_FALSE(locked(1));
    CHECK(taken->serving());
    CHECK(locked(1));
}

TEST_CASE("where no directory can be, the error names it") {
    const tcmud::test::TemporaryDirectory directory;
    std::ofstream(directory.path() / "file") << "x";
    const auto taken = RunDirectory::take(directory.path() / "file" / "run");
    REQUIRE_FALSE(taken);
    CHECK(taken.error().number == ENOTDIR);
    CHECK_THAT(taken.error().text, Contains("file/run"));
}
