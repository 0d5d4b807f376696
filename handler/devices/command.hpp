// SPDX-License-Identifier: Apache-2.0
// A SCSI command on its way: what the initiator sent, and the working memory of the device that executes it.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>

#include "handler/devices/exclusive_ranges.hpp"
#include "handler/scsi/outcome.hpp"
#include "tcmud/buffers.hpp"
#include "tcmud/io.hpp"
#include "tcmud/once.hpp"

namespace tcmud::devices {

class Device;

struct Command {
    static constexpr std::size_t longest_cdb = 260;

    std::span<const std::byte> cdb() const { return {cdb_bytes.data(), cdb_size}; }
    void set_cdb(std::span<const std::byte> from) {
        assert(from.size() <= longest_cdb);
        std::memcpy(cdb_bytes.data(), from.data(), from.size());
        cdb_size = static_cast<std::uint16_t>(from.size());
    }

    Buffers data() const { return pieces; }
    // Cuts what the initiator lent beyond what the CDB asks for. REQUIRES: length <= data_length.
    void trim(ByteCount length);

    // Called once with the answer.
    void (*deliver)(Command&, scsi::Outcome) = nullptr;

    // The buffer that the initiator lent, of the length that it expects to be transferred. Whether it is to be read
    // or written follows from the CDB alone. It stays valid until the command is answered.
    std::span<iovec> pieces;
    ByteCount data_length{0};

    // The initiator does not want it any more: end it with any status, as soon as that is safe.
    bool aborted = false;

    // Of the device, while it executes the command.
    struct Io : IoOperation {
        Command* command = nullptr;
    };
    Io io;
    Device* device = nullptr;
    RangeClaim claim;

    std::uint16_t cdb_size = 0;
    std::array<std::byte, longest_cdb> cdb_bytes;
};

using Reply = Once<Command, scsi::Outcome, scsi::Outcome::check(scsi::sense::internal_target_failure)>;

inline void Command::trim(ByteCount length) {
    assert(raw(length) <= raw(data_length));
    data_length = length;
    auto left = raw(length);
    std::size_t used = 0;
    for (auto& piece : pieces) {
        if (left == 0) break;
        piece.iov_len = std::min<std::size_t>(piece.iov_len, left);
        left -= piece.iov_len;
        ++used;
    }
    pieces = pieces.first(used);
}

}  // namespace tcmud::devices
