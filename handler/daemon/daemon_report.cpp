// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/daemon_report.hpp"

#include <unistd.h>

#include "handler/daemon/log.hpp"
#include "handler/daemon/module_loader.hpp"
#include "handler/daemon/process_figures.hpp"

namespace tcmud::daemon {

DaemonReport report_of(const Modules& modules, const ServingThreads& threads) {
    const auto& shared = threads.shared();
    DaemonReport report;
    report.version = TCMUD_VERSION;
    report.build_id = TCMUD_BUILD_ID;
    for (const auto* module : modules.all()) report.subtypes.emplace_back(module->subtype());
    report.serving_threads = threads.reports();
    report.scheduler_weight = name_of(shared.weight.mechanism());
    report.held_serving_threads = shared.carriers.held();
    report.process_id = ::getpid();
    report.cpu_seconds = process_figures().cpu_seconds;
    report.log_level = log::name_of(log::level());
    return report;
}

}  // namespace tcmud::daemon
