// SPDX-License-Identifier: Apache-2.0
// The backend that keeps a disk in a regular file or on a block device: for its own module, and for those
// that wrap it.
#pragma once

#include <memory>
#include <span>

#include "tcmud/block_backend.hpp"
#include "tcmud/module.hpp"
#include "tcmud/result.hpp"

namespace tcmud::file {

std::span<const OptionInfo> options();
// As BackendModule has them.
Result<void> check(const OpenRequest& request);
Result<std::unique_ptr<BlockBackend>> open(const OpenRequest& request);

}  // namespace tcmud::file
