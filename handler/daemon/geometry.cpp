// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/geometry.hpp"

#include <bit>
#include <cerrno>

#include <fmt/format.h>

namespace tcmud::daemon {

Result<void> check_geometry(ByteCount size, BlockSize block_size) {
    const auto block = block_size.bytes;
    if (block < 512 || block > 65536 || !std::has_single_bit(block)) {
        return failure(EINVAL, fmt::format("the block size is {}: a disk needs 512, 1024, … 65536", block));
    }
    if (raw(size) == 0) return failure(EINVAL, "the size is 0: set dev_size before enabling the device");
    if (raw(size) % block != 0) {
        return failure(EINVAL,
                       fmt::format("the size, {}, is no multiple of the block size {}", raw(size), block));
    }
    return {};
}

}  // namespace tcmud::daemon
