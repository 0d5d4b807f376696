// SPDX-License-Identifier: Apache-2.0
// The parameter list of EXTENDED COPY with list identifiers of one byte (SPC-4 6.4, LID1).
#pragma once

#include <cstdint>
#include <vector>

#include <tl/expected.hpp>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/identity.hpp"
#include "handler/scsi/sense.hpp"
#include "tcmud/units.hpp"

namespace tcmud::scsi {

// What RECEIVE COPY RESULTS promises.
struct ExtendedCopyLimits {
    std::size_t targets = 2;  // CSCD descriptors
    std::size_t segments = 8;
    std::uint32_t descriptor_list_length = 1024;      // Bytes of all descriptors.
    std::uint32_t segment_length = 16 * 1024 * 1024;  // Bytes of one segment.
};
inline constexpr ExtendedCopyLimits extended_copy_limits{};

// The logical unit that a copy reads or writes.
struct CopyTarget {
    bool null = false;  // The descriptor stands for no unit at all.
    Naa naa{};
    BlockSize block_size{};
};

struct CopySegment {
    std::size_t source;  // Index of CopyTarget.
    std::size_t destination;
    BlockCount count{};
    Lba source_lba{};
    Lba destination_lba{};
};

struct ExtendedCopy {
    std::vector<CopyTarget> targets;
    std::vector<CopySegment> segments;
};

tl::expected<ExtendedCopy, Sense> parse_extended_copy(Bytes list);

// RECEIVE COPY RESULTS, OPERATING PARAMETERS.
Writer copy_operating_parameters();

}  // namespace tcmud::scsi
