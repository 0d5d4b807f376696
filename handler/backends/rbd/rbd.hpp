// SPDX-License-Identifier: Apache-2.0
// The backend that keeps a disk in an image of a Ceph cluster.
#pragma once

#include <memory>

#include "tcmud/block_backend.hpp"
#include "tcmud/module.hpp"
#include "tcmud/result.hpp"

namespace tcmud::rbd {

// As BackendModule has them.
Result<void> check(const OpenRequest& request);
Result<std::unique_ptr<BlockBackend>> open(const OpenRequest& request);

}  // namespace tcmud::rbd
