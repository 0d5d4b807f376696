// SPDX-License-Identifier: Apache-2.0
// Finds the end of a partition: from where its index ends, header by header, to the first record that is
// none, or that a power failure has torn.
#pragma once

#include <cstdint>

#include "handler/backends/tape/image/index.hpp"
#include "handler/backends/tape/image/index_file.hpp"
#include "handler/backends/tape/image/segments.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

// What an opening found, for the administrator.
struct Recovered {
    bool without_index = false;      // All records were looked at.
    std::uint64_t records = 0;       // That were looked at.
    std::uint64_t torn_records = 0;  // Their headers were there, and not their data, or of the next ones.
    std::uint64_t torn_bytes = 0;    // Behind the end: the next writing cuts them away.
};

// Continues index, segments and tail to the end of the data. Blocks; changes no file.
Result<Recovered> roll_forward(Segments& segments, Index& index, Tail& tail);

// Whether the tail's last record lies where the tail says. Blocks.
bool lies_there(Segments& segments, const Tail& tail);

}  // namespace tcmud::tape
