// SPDX-License-Identifier: Apache-2.0
// What Prometheus is told: the text of GET /metrics, in its exposition format 0.0.4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "handler/daemon/daemon_report.hpp"
#include "handler/daemon/lun.hpp"
#include "handler/daemon/process_figures.hpp"

namespace tcmud::daemon {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

// Where backing stores are is for root to know: others are told the subtype of a cfgstring.
enum class MetricsFor { root, everybody };

std::string metrics_text(const std::vector<LunReport>& luns, const DaemonReport& daemon,
                         const ProcessFigures& process, MetricsFor whom);

// A label's value as it stands between quotes. What is no UTF-8 in it becomes U+FFFD.
std::string label_text(std::string_view value);

}  // namespace tcmud::daemon
