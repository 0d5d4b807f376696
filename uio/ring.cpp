// SPDX-License-Identifier: Apache-2.0
#include "uio/ring.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "uio/crash_point.hpp"

namespace tcmud::uio {

namespace {

tl::unexpected<std::string_view> refused(std::string_view why) {
    return tl::unexpected<std::string_view>(why);
}

constexpr std::size_t piece_limit = 1u << 20;

}  // namespace

std::size_t cdb_length(std::uint8_t opcode, std::uint8_t additional_length) {
    constexpr std::uint8_t variable_length = 0x7f;
    if (opcode == variable_length) return std::min<std::size_t>(additional_length + 8u, 260);
    constexpr std::array<std::uint8_t, 8> by_group{6, 10, 10, 12, 16, 12, 10, 10};
    return by_group[opcode >> 5];
}

tl::expected<Ring, std::string_view> Ring::attach(std::span<std::byte> mapping, Journal journal) {
    if (mapping.size() < sizeof(abi::Mailbox)) return refused("the mapping is too small for a mailbox");
    const auto mailbox = read<abi::Mailbox>(mapping.data());
    if (mailbox.version != abi::version) return refused("the mailbox has a version other than 2");
    const std::uint64_t ring_end = std::uint64_t{mailbox.ring_offset} + mailbox.ring_size;
    if (mailbox.ring_offset < sizeof(abi::Mailbox) || mailbox.ring_offset % abi::entry_alignment != 0 ||
        mailbox.ring_size == 0 || mailbox.ring_size % abi::entry_alignment != 0 ||
        ring_end > mapping.size()) {
        return refused("the mailbox describes a ring that does not fit the mapping");
    }
    const auto inside = [&](std::uint32_t position) {
        return position < mailbox.ring_size && position % abi::entry_alignment == 0;
    };
    if (!inside(mailbox.head) || !inside(mailbox.tail)) {
        return refused("the mailbox's head or tail points outside of the ring");
    }
    Ring ring(mapping, mailbox, std::move(journal));
    ring.beginning_ = ring.look_at_what_is_there();
    return ring;
}

Ring::Ring(std::span<std::byte> mapping, const abi::Mailbox& mailbox, Journal journal)
    : mapping_(mapping),
      ring_(mapping.subspan(mailbox.ring_offset, mailbox.ring_size)),
      data_offset_(std::uint64_t{mailbox.ring_offset} + mailbox.ring_size),
      flags_(mailbox.flags),
      take_(mailbox.tail),
      answered_(mailbox.tail),
      published_(mailbox.tail),
      journal_(std::move(journal)) {}

std::uint32_t Ring::after(std::uint32_t position, std::uint32_t length) const {
    position += length;
    return position == ring_.size() ? 0 : position;
}

// The entry at a position; its length stays inside of the ring.
Ring::Slot Ring::slot(std::uint32_t position) const {
    auto* at = ring_.data() + position;
    const auto word = read<std::uint32_t>(at);
    const auto length = word & ~abi::opcode_mask;
    // A command's has room for an answer.
    const auto opcode = static_cast<abi::Opcode>(word & abi::opcode_mask);
    const auto shortest = opcode == abi::Opcode::command ? abi::smallest_command : sizeof(abi::EntryHeader);
    const bool possible = length >= shortest && length <= ring_.size() - position;
    return {at, possible ? length : 0, opcode};
}

Ring::Slot Ring::submitted(std::uint32_t position, std::uint32_t head) const {
    auto found = slot(position);
    // An entry never wraps and never crosses the head.
    const bool crosses_head = position < head && found.length > head - position;
    if (crosses_head || head >= ring_.size()) found.length = 0;
    return found;
}

bool Ring::has_more() const {
    return !broken_ && (load_head() != take_ || !of_predecessor_.empty());
}

const Entry* Ring::next() {
    if (!of_predecessor_.empty() && !broken_) return next_of_predecessor();
    while (!broken_) {
        const auto head = load_head();
        if (head == take_) return nullptr;
        const auto found = submitted(take_, head);
        if (found.length == 0) {
            complain("an entry of the ring has an impossible length");
            return &entry_;
        }
        const bool concerns_us = read_entry(found);
        if (!broken_) take_ = after(take_, found.length);
        if (concerns_us) return &entry_;
    }
    return nullptr;
}

// Whether it is one that is served.
bool Ring::read_entry(const Slot& slot) {
    switch (slot.opcode) {
        case abi::Opcode::command:
            read_command({slot.at, slot.length}, offset_of(slot));
            if (!broken_ && position_of(entry_.id) != nowhere)
                complain("a command has the id of one that is not answered");
            if (broken_) return true;
            entry_.progress = begun;
            position_of(entry_.id) = take_;
            ++outstanding_;
            entry_.number = ++taken_;
            set_mark(slot, {abi::Mark::Kind::taken, 0, 0, taken_});
            crash_point(CrashPoint::taken);
            return true;
        case abi::Opcode::task_management: read_task_management(slot); return true;
        case abi::Opcode::pad: return false;
    }
    slot.at[offsetof(abi::EntryHeader, user_flags)] = std::byte{abi::unknown_opcode};
    return false;
}

// Nothing is taken any more.
void Ring::complain(std::string_view problem) {
    broken_ = true;
    entry_.kind = Entry::Kind::broken;
    entry_.problem = problem;
}

void Ring::read_command(std::span<const std::byte> from, std::uint64_t entry_offset) {
    if (from.size() < abi::smallest_command) return complain("a command's entry is too short");
    const auto request = read<abi::Request>(from.data());
    const auto pieces = std::uint64_t{request.piece_count} + request.bidirectional_piece_count;
    const auto pieces_end = sizeof(abi::Request) + pieces * sizeof(abi::Piece);
    if (pieces > piece_limit || pieces_end > from.size())
        return complain("a command's pieces leave its entry");

    const auto cdb_in_entry = request.cdb_offset - entry_offset;  // Wraps to a huge number if it lies before.
    if (cdb_in_entry < sizeof(abi::EntryHeader) || cdb_in_entry >= from.size()) {
        return complain("a command's CDB lies outside of its entry");
    }
    const auto* cdb = from.data() + cdb_in_entry;
    const auto room = from.size() - cdb_in_entry;
    const auto additional = room > 7 ? std::to_integer<std::uint8_t>(cdb[7]) : std::uint8_t{0};
    const auto length = cdb_length(std::to_integer<std::uint8_t>(cdb[0]), additional);
    if (length > room) return complain("a command's CDB is longer than its entry");

    const auto* first_piece = reinterpret_cast<const abi::Piece*>(from.data() + sizeof(abi::Request));
    entry_.kind = Entry::Kind::command;
    entry_.id = CommandId{request.header.command_id};
    entry_.cdb = {cdb, length};
    entry_.pieces = {first_piece, request.piece_count};
    entry_.bidirectional_pieces = {first_piece + request.piece_count, request.bidirectional_piece_count};
}

void Ring::read_task_management(const Slot& slot) {
    if (slot.length < sizeof(abi::TaskManagement)) return complain("a task management entry is too short");
    const auto task = read<abi::TaskManagement>(slot.at);
    if (task.command_count > (slot.length - sizeof(abi::TaskManagement)) / sizeof(std::uint16_t)) {
        return complain("a task management entry lists more commands than it holds");
    }
    entry_.kind = Entry::Kind::task_management;
    entry_.function = static_cast<TaskFunction>(task.type);
    entry_.command_ids = {reinterpret_cast<const std::uint16_t*>(slot.at + sizeof(abi::TaskManagement)),
                          task.command_count};
}

std::optional<std::uint64_t> Ring::map(std::span<const abi::Piece> pieces, std::span<iovec> into) const {
    assert(into.size() == pieces.size());
    std::uint64_t length = 0;
    auto* target = into.data();
    for (const auto& shared : pieces) {
        const auto piece = read<abi::Piece>(reinterpret_cast<const std::byte*>(&shared));
        if (piece.offset < data_offset_ || piece.offset > mapping_.size() ||
            piece.length > mapping_.size() - piece.offset) {
            return std::nullopt;
        }
        length += piece.length;
        *target++ = {mapping_.data() + piece.offset, piece.length};
    }
    return length;
}

}  // namespace tcmud::uio
