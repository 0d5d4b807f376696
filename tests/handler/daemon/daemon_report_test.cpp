// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/daemon_report.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "handler/daemon/module_loader.hpp"

using namespace tcmud::daemon;

TEST_CASE("a process's report has its threads, modules and figures") {
    const auto modules = Modules::load(TEST_ONE_MODULE);
    ServingThreads threads(2);
    const auto& loop = threads.place(tcmud::serving::LoopKind::inline_calls);
    const auto report = report_of(modules, threads);
    CHECK(report.subtypes.size() == 1);
    CHECK(report.serving_threads.size() == 1);
    CHECK(report.process_id == ::getpid());
    // It has ticks of 10 ms, so that this process may have had none yet.
    while (report_of(modules, threads).cpu_seconds == 0) {
    }
    CHECK_FALSE(report.log_level.empty());
    CHECK_FALSE(report.version.empty());
    threads.give_back(loop);
}
