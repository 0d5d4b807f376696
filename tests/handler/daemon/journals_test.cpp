// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/journals.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using tcmud::daemon::journal_path;
using tcmud::daemon::remove_stale_journals;

TEST_CASE("journals of LUNs that went while no daemon ran are removed, those of others stay") {
    const tcmud::test::TemporaryDirectory directory;
    fs::create_directory(directory.path() / "journal");
    const auto here = journal_path(directory.path(), {"user_0", "here"});
    const auto gone = journal_path(directory.path(), {"user_0", "gone"});
    const auto elsewhere = journal_path(directory.path(), {"user_1", "here"});
    for (const auto& path : {here, gone, elsewhere}) std::ofstream(path) << "journal";
    CHECK(remove_stale_journals(directory.path(), {{3, {"0", "here", "file//srv/disk"}}}));
    CHECK(fs::exists(here));
    CHECK_FALSE(fs::exists(gone));
    CHECK_FALSE(fs::exists(elsewhere));
}

TEST_CASE("a run directory without journals is told of, not passed over") {
    const tcmud::test::TemporaryDirectory directory;
    const auto removed = remove_stale_journals(directory.path(), {});
    REQUIRE_FALSE(removed);
    CHECK(removed.error().number == ENOENT);
}
