// SPDX-License-Identifier: Apache-2.0
// A SCSI command on its way: what the initiator sent, and the working memory of the device that executes it.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

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
        switch (from.size()) {  // Of a known length it costs two instructions.
            case 10: std::memcpy(cdb_bytes.data(), from.data(), 10); break;
            case 16: std::memcpy(cdb_bytes.data(), from.data(), 16); break;
            default: std::memcpy(cdb_bytes.data(), from.data(), from.size());
        }
        cdb_size = static_cast<std::uint16_t>(from.size());
    }

    Buffers data() const { return pieces; }
    // Cuts what the initiator lent beyond what the CDB asks for. REQUIRES: length <= data_length; once at
    // most.
    void trim(ByteCount length);
    // Takes that back.
    void restore();

    // Called once with the answer.
    void (*deliver)(Command&, const scsi::Outcome&) = nullptr;

    // The buffer that the initiator lent, of the length that it expects to be transferred. Whether it is to
    // be read or written follows from the CDB alone. It stays valid until the command is answered.
    std::span<iovec> pieces;
    ByteCount data_length{0};

    // The initiator does not want it any more: end it with any status, as soon as that is safe.
    bool aborted = false;

    // What a successor is to know of a command that cannot simply be executed again.
    enum class Progress : std::uint8_t {
        none,
        matched,  // Its comparison held: it writes, whatever is there by then.
        done,     // It has taken effect as GOOD will say; nothing of it must be repeated.
    };
    // Of a command that a predecessor had begun; never `done`.
    Progress progress = Progress::none;
    // In which order it was taken; wraps. A successor that executes it again finds the same number.
    std::uint32_t number = 0;
    // Notes that, before the process can do anything else.
    void (*note)(Command&, Progress) = [](Command&, Progress) {};

    // Of the device, while it executes the command.
    struct Io : IoOperation {
        Command* command = nullptr;
    };
    Io io;
    Device* device = nullptr;
    RangeClaim claim;
    // Of a command of several steps, while it waits for one of them: that, and what it is, if it is no I/O of
    // the backend's.
    struct Step {
        IoOperation* operation = nullptr;
        std::string_view what;
    };
    Step step;

    // Of trim().
    std::span<iovec> all_pieces;
    iovec* cut_piece = nullptr;
    std::size_t cut_length = 0;

    std::uint16_t cdb_size = 0;
    std::array<std::byte, longest_cdb> cdb_bytes;
};

using Reply = Once<Command, scsi::Outcome, scsi::Outcome::check(scsi::sense::internal_target_failure)>;

inline void Command::trim(ByteCount length) {
    assert(raw(length) <= raw(data_length));
    if (length == data_length) return;
    data_length = length;
    all_pieces = pieces;
    std::size_t used = 0;
    for (auto left = raw(length); left != 0; ++used) {
        auto& piece = pieces[used];
        if (piece.iov_len > left) {
            cut_piece = &piece;
            cut_length = std::exchange(piece.iov_len, left);
        }
        left -= piece.iov_len;
    }
    pieces = pieces.first(used);
}

inline void Command::restore() {
    if (cut_piece) std::exchange(cut_piece, nullptr)->iov_len = cut_length;
    if (!all_pieces.empty()) pieces = std::exchange(all_pieces, {});
}

}  // namespace tcmud::devices
