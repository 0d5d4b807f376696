// SPDX-License-Identifier: Apache-2.0
// The journals in a run directory: a file for each LUN that is served from it.
#pragma once

#include <filesystem>
#include <vector>

#include "handler/daemon/configfs.hpp"
#include "tcmud/result.hpp"
#include "uio/discovery.hpp"

namespace tcmud::daemon {

std::filesystem::path journal_path(const std::filesystem::path& run_directory, const LunName& lun);

// Removes those of LUNs that went while no daemon ran: all without a device among these. A device that comes
// later has a new ring, to which no old journal belongs.
// REQUIRES: no LUN is served from this run directory.
Result<void> remove_stale_journals(const std::filesystem::path& run_directory,
                                   const std::vector<uio::FoundDevice>& devices);

}  // namespace tcmud::daemon
