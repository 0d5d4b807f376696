// SPDX-License-Identifier: Apache-2.0
// The fields of CDBs that address logical blocks (SBC-3 clause 5).
#pragma once

#include <cstdint>

#include "handler/scsi/bytes.hpp"
#include "tcmud/units.hpp"

namespace tcmud::scsi {

struct BlockAddress {
    Lba lba{};
    BlockCount count{};
};

// LOGICAL BLOCK ADDRESS and TRANSFER LENGTH (or its like) as a CDB of this length lays them out.
[[gnu::always_inline]] inline BlockAddress block_address(Bytes cdb) {
    switch (cdb.size()) {
        case 6: {
            const auto count = get_8(cdb, 4);
            // SBC-3 5.8: a transfer length of zero in READ(6) and WRITE(6) means 256 blocks.
            return {Lba{get_24(cdb, 1) & 0x1f'ffff}, BlockCount{count == 0 ? 256u : count}};
        }
        case 10: return {Lba{get_32(cdb, 2)}, BlockCount{get_16(cdb, 7)}};
        case 12: return {Lba{get_32(cdb, 2)}, BlockCount{get_32(cdb, 6)}};
        case 16: return {Lba{get_64(cdb, 2)}, BlockCount{get_32(cdb, 10)}};
        default: return {};
    }
}

inline bool force_unit_access(Bytes cdb) {
    return cdb.size() > 6 && (get_8(cdb, 1) & 0x08) != 0;
}

}  // namespace tcmud::scsi
