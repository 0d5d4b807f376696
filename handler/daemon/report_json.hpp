// SPDX-License-Identifier: Apache-2.0
// What the control socket tells, as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "handler/daemon/command_watch.hpp"
#include "handler/daemon/daemon_report.hpp"
#include "handler/daemon/lun.hpp"
#include "tcmud/module.hpp"

namespace tcmud::daemon {

nlohmann::json describe(const LunReport& lun);
// Most of the text then: not for everybody who only wants to know which LUNs there are.
nlohmann::json describe_with_latencies(const LunReport& lun);
nlohmann::json describe(const LunDetails& lun);
nlohmann::json describe(const BackendModule& module);
nlohmann::json describe(const DaemonReport& daemon);
nlohmann::json describe(const HungReport& report);

}  // namespace tcmud::daemon
