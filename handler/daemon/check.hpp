// SPDX-License-Identifier: Apache-2.0
// Whether a LUN could be opened, without one: for tcmud --check, and for targetcli before it makes one.
#pragma once

#include <cstddef>
#include <string>

#include "handler/daemon/module_loader.hpp"
#include "tcmud/result.hpp"
#include "tcmud/units.hpp"

namespace tcmud::daemon {

// Changes nothing. May block: not on the control thread. size 0: not known yet; then only the rest is looked
// at. serving_threads: as many as there may be.
Result<void> check_lun(const Modules& modules, std::size_t serving_threads, const std::string& config,
                       ByteCount size, BlockSize block_size);

}  // namespace tcmud::daemon
