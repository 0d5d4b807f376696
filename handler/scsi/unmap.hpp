// SPDX-License-Identifier: Apache-2.0
// The parameter list of UNMAP (SBC-3 5.28).
#pragma once

#include <vector>

#include <tl/expected.hpp>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/sense.hpp"
#include "tcmud/units.hpp"

namespace tcmud::scsi {

struct BlockRange {
    Lba first{};
    BlockCount count{};
};

struct UnmapLimits {
    std::size_t descriptors;  // MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT
    BlockCount blocks;        // MAXIMUM UNMAP LBA COUNT, of all descriptors together
    BlockCount capacity;
};

// Every range of the list, checked; ranges of no blocks are left out.
tl::expected<std::vector<BlockRange>, Sense> parse_unmap(Bytes list, const UnmapLimits& limits);

}  // namespace tcmud::scsi
