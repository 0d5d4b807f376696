// SPDX-License-Identifier: Apache-2.0
// What a LUN's size and block size may be (SBC-3; sizes in bytes, as configfs has them).
#pragma once

#include "tcmud/result.hpp"
#include "tcmud/units.hpp"

namespace tcmud::daemon {

// Blocks are 512 to 65536 bytes, a power of two; the size is a multiple of them and not 0. The error says
// which.
Result<void> check_geometry(ByteCount size, BlockSize block_size);

}  // namespace tcmud::daemon
