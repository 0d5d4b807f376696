// SPDX-License-Identifier: Apache-2.0
// The composition root: makes everything, connects it, runs the control thread until a signal comes.
#pragma once

#include "handler/daemon/command_line.hpp"

namespace tcmud::daemon {

ExitCode serve(const Serve& request);

// Whether a LUN could be opened; prints why not.
ExitCode check(const Check& request);

}  // namespace tcmud::daemon
