// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/process_figures.hpp"

#include <unistd.h>

#include <chrono>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using tcmud::daemon::process_figures;

TEST_CASE("a process knows its own figures") {
    const auto figures = process_figures();
    CHECK(figures.threads >= 1);
    CHECK(figures.open_descriptors >= 3);
    CHECK(figures.most_descriptors >= figures.open_descriptors);
    CHECK(figures.resident_bytes > 100'000);
    CHECK(figures.virtual_bytes >= figures.resident_bytes);
    const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
    CHECK(figures.start_time_seconds > 1e9);
    CHECK(figures.start_time_seconds <= now.count() + 1);
}

TEST_CASE("a program's name may have brackets and blanks in it") {
    const tcmud::test::TemporaryDirectory proc;
    std::filesystem::create_directory(proc.path() / "self");
    std::ofstream(proc.path() / "self/stat")
        << "7 (a) b (c) S 1 7 7 0 -1 4194560 10 0 0 0 300 200 0 0 20 0 5 0 1000 8192 3 184467\n";
    std::ofstream(proc.path() / "stat") << "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n";
    const auto figures = process_figures(proc.path());
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    CHECK(figures.cpu_seconds == Approx(500 / ticks));
    CHECK(figures.threads == 5);
    CHECK(figures.start_time_seconds == Approx(1700000000 + 1000 / ticks));
    CHECK(figures.virtual_bytes == 8192);
    CHECK(figures.resident_bytes == 3 * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_CASE("what cannot be read counts as nothing") {
    const tcmud::test::TemporaryDirectory proc;
    const auto figures = process_figures(proc.path());
    CHECK(figures.cpu_seconds == 0);
    CHECK(figures.start_time_seconds == 0);
    CHECK(figures.open_descriptors == 0);
}
