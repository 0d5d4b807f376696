// SPDX-License-Identifier: Apache-2.0
// What Ceph's errors mean to a LUN.
#pragma once

#include "tcmud/io.hpp"

namespace tcmud::rbd {

// Of an operation that librbd has ended with this errno, a positive number.
IoStatus io_status(int error);

}  // namespace tcmud::rbd
