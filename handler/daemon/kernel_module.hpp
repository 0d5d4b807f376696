// SPDX-License-Identifier: Apache-2.0
// The kernel module target_core_user: loaded if it is not there, and its global switches.
#pragma once

#include "tcmud/result.hpp"

namespace tcmud::daemon {

Result<void> load_target_core_user();

// Whoever waits for an answer to a netlink event ends with EINTR. For the only TCMU daemon of a machine at
// its start: what a predecessor left waiting holds directories of configfs.
Result<void> free_netlink_waiters();

// New events that need an answer fail at once (blocked), or wait as usual.
Result<void> block_netlink(bool blocked);

}  // namespace tcmud::daemon
