// SPDX-License-Identifier: Apache-2.0
// The kernel's side of a TCMU ring, in plain memory: submits commands and task management functions, collects
// what was completed, and complains where a kernel would hang or call the ring broken.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "uio/abi.hpp"

namespace tcmud::test {

inline constexpr std::array<std::uint8_t, 6> test_unit_ready{};  // The CDB of opcode 00h.

class KernelRing {
public:
    struct Shape {
        std::uint32_t ring_size = 4096;  // Bytes; a multiple of 8.
        std::size_t data_blocks = 64;
        std::uint16_t flags =
            uio::abi::out_of_order_completion | uio::abi::read_length | uio::abi::task_management;
        bool copies = true;  // Data to and from the data area; off for who measures and looks at none.
    };
    static constexpr std::size_t block_size = 4096;

    struct Completed {
        std::uint16_t id;
        std::uint8_t status;
        std::uint8_t user_flags;
        std::uint32_t read_length;
        std::array<std::byte, uio::abi::sense_size> sense;
        std::vector<std::byte> data;  // What the initiator would get of its buffer.
    };

    KernelRing() : KernelRing(Shape{}) {}
    explicit KernelRing(const Shape& shape)
        : shape_(shape),
          memory_((sizeof(uio::abi::Mailbox) + shape.ring_size) / 8 + shape.data_blocks * block_size / 8 + 1),
          used_(shape.data_blocks) {
        auto& box = mailbox();
        box.version = uio::abi::version;
        box.flags = shape.flags;
        box.ring_offset = sizeof(uio::abi::Mailbox);
        box.ring_size = shape.ring_size;
    }

    std::span<std::byte> mapping() { return std::as_writable_bytes(std::span(memory_)); }
    uio::abi::Mailbox& mailbox() { return *reinterpret_cast<uio::abi::Mailbox*>(memory_.data()); }

    // Submits a command that lends `data` (as data-out, or as the room for data-in); its id.
    std::uint16_t submit(std::span<const std::uint8_t> cdb, std::span<const std::byte> data = {}) {
        const auto id = free_id();
        auto& command = outstanding_[id];
        command.length = data.size();
        std::vector<uio::abi::Piece> pieces;
        for (std::size_t at = 0; at < data.size(); at += block_size) {
            const auto block = free_block();
            command.blocks.push_back(block);
            const auto size = std::min(block_size, data.size() - at);
            if (shape_.copies) std::memcpy(block_at(block), data.data() + at, size);
            const auto offset = static_cast<std::uint64_t>(block_at(block) - mapping().data());
            // As the kernel does it, neighbours become one piece.
            if (!pieces.empty() && pieces.back().offset + pieces.back().length == offset) {
                pieces.back().length += size;
            } else {
                pieces.push_back({offset, size});
            }
        }
        submit_entry(id, cdb, pieces);
        return id;
    }
    std::uint16_t submit(std::initializer_list<std::uint8_t> cdb, std::span<const std::byte> data = {}) {
        return submit(std::span(cdb.begin(), cdb.size()), data);
    }
    // With room for that many bytes of data-in, filled with what an earlier command left.
    std::uint16_t submit_in(std::initializer_list<std::uint8_t> cdb, std::size_t room) {
        return submit(cdb, std::vector<std::byte>(room, stale));
    }
    static constexpr std::byte stale{0xa5};

    void submit_task_management(std::uint8_t type, std::span<const std::uint16_t> ids) {
        const auto length = rounded(sizeof(uio::abi::TaskManagement) + ids.size_bytes());
        auto* at = room_for(length);
        uio::abi::TaskManagement entry{};
        entry.header.length_and_opcode = length | 2;
        entry.type = type;
        entry.command_count = static_cast<std::uint32_t>(ids.size());
        std::memcpy(at, &entry, sizeof entry);
        std::memcpy(at + sizeof entry, ids.data(), ids.size_bytes());
        advance(length);
    }
    // An entry that no kernel has sent yet.
    void submit_unknown(std::uint32_t opcode, std::uint32_t length) {
        const auto header = length | opcode;
        std::memcpy(room_for(length), &header, sizeof header);
        advance(length);
    }

    // What the kernel does when it is told: reads every slot up to the tail.
    std::vector<Completed> collect() {
        std::vector<Completed> completed;
        while (cleaned_ != mailbox().tail) {
            auto* slot = ring() + cleaned_;
            std::uint32_t word = 0;
            std::memcpy(&word, slot, sizeof word);
            const auto length = word & ~7u;
            if (length == 0) throw std::logic_error("the tail is on no entry: this kernel hangs");
            if (cleaned_ == mailbox().head)
                throw std::logic_error("the tail is beyond the head: this kernel hangs");
            if ((word & 7) == 1) completed.push_back(take(slot));
            cleaned_ += length;
            if (cleaned_ == shape_.ring_size) cleaned_ = 0;
        }
        return completed;
    }

    // action/reset_ring. What stood in the ring stays there until a slot is filled anew.
    void reset() {
        mailbox().head = mailbox().tail = cleaned_ = 0;
        outstanding_.clear();
        used_.assign(used_.size(), false);
    }

    std::size_t outstanding() const { return outstanding_.size(); }
    // Bytes of the ring that hold nothing any more.
    std::uint32_t room() {
        return shape_.ring_size - (mailbox().head + shape_.ring_size - cleaned_) % shape_.ring_size;
    }
    std::byte* ring() { return mapping().data() + sizeof(uio::abi::Mailbox); }
    // The slot that the next entry goes to.
    std::uint32_t head() { return mailbox().head; }
    std::span<std::byte> data_area() { return mapping().subspan(data_offset()); }

private:
    struct Outstanding {
        std::vector<std::size_t> blocks;
        std::size_t length = 0;
    };

    static std::uint32_t rounded(std::size_t length) {
        return static_cast<std::uint32_t>((length + 7) / 8 * 8);
    }
    std::size_t data_offset() const { return sizeof(uio::abi::Mailbox) + shape_.ring_size; }
    std::byte* block_at(std::size_t block) { return mapping().data() + data_offset() + block * block_size; }

    std::uint16_t free_id() const {
        std::uint16_t id = 1;
        while (outstanding_.contains(id)) ++id;
        return id;
    }
    std::size_t free_block() {
        const auto found = std::ranges::find(used_, false);
        if (found == used_.end()) throw std::logic_error("the data area is full");
        *found = true;
        return static_cast<std::size_t>(found - used_.begin());
    }

    void submit_entry(std::uint16_t id, std::span<const std::uint8_t> cdb,
                      std::span<const uio::abi::Piece> pieces) {
        const auto fixed =
            std::max(sizeof(uio::abi::Response), sizeof(uio::abi::Request) + pieces.size_bytes());
        const auto length = rounded(fixed + cdb.size());
        auto* at = room_for(length);
        std::memset(at, 0, length);
        uio::abi::Request request{};
        request.header.length_and_opcode = length | 1;
        request.header.command_id = id;
        request.piece_count = static_cast<std::uint32_t>(pieces.size());
        request.cdb_offset = static_cast<std::uint64_t>(at - mapping().data()) + fixed;
        std::memcpy(at, &request, sizeof request);
        std::ranges::copy(std::as_bytes(pieces), at + sizeof request);
        std::memcpy(at + fixed, cdb.data(), cdb.size());
        advance(length);
    }

    // An entry never wraps: what is left of the ring becomes one PAD.
    std::byte* room_for(std::uint32_t length) {
        const auto to_end = shape_.ring_size - mailbox().head;
        if (length > to_end) {
            const std::uint32_t pad = to_end;
            std::memcpy(ring() + mailbox().head, &pad, sizeof pad);
            mailbox().head = 0;
        }
        return ring() + mailbox().head;
    }
    void advance(std::uint32_t length) {
        mailbox().head += length;
        if (mailbox().head == shape_.ring_size) mailbox().head = 0;
    }

    Completed take(const std::byte* slot) {
        uio::abi::Response response;
        std::memcpy(&response, slot, sizeof response);
        const auto id = response.header.command_id;
        const auto found = outstanding_.find(id);
        if (found == outstanding_.end()) {
            throw std::logic_error("command " + std::to_string(id) +
                                   " is not outstanding: the ring is broken");
        }
        Completed completed{id, response.scsi_status, response.header.user_flags, response.read_length, {},
                            {}};
        std::memcpy(completed.sense.data(), response.sense, sizeof response.sense);
        auto left = found->second.length;
        if ((response.header.user_flags & uio::abi::read_length_valid) != 0 && response.read_length > 0) {
            left = std::min<std::size_t>(left, response.read_length);
        } else if (response.scsi_status != 0) {
            left = 0;
        }
        for (const auto block : found->second.blocks) {
            const auto size = std::min(left, block_size);
            if (shape_.copies)
                completed.data.insert(completed.data.end(), block_at(block), block_at(block) + size);
            left -= size;
            used_[block] = false;
        }
        outstanding_.erase(found);
        return completed;
    }

    Shape shape_;
    std::vector<std::uint64_t> memory_;  // Aligned as entries are.
    std::vector<bool> used_;
    std::uint32_t cleaned_ = 0;
    std::map<std::uint16_t, Outstanding> outstanding_;
};

}  // namespace tcmud::test
