// SPDX-License-Identifier: Apache-2.0
// The command ring: takes what the kernel submitted, publishes what was completed.
//
// Nothing in the shared memory is believed: every offset and length is checked before use. One thread at a
// time.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>

#include <tl/expected.hpp>

#include "uio/abi.hpp"

namespace tcmud::uio {

enum class CommandId : std::uint16_t {};

// Task management functions, as the kernel numbers them in TMR entries.
enum class TaskFunction : std::uint8_t {
    unknown = 0,
    abort_task = 1,
    abort_task_set = 2,
    clear_aca = 3,
    clear_task_set = 4,
    lun_reset = 5,
    target_warm_reset = 6,
    target_cold_reset = 7,
    preempt_and_abort = 128,
};

// One entry, as it lies in the ring: the spans are valid until the entry's slot is published. Only what
// belongs to its kind has a meaning.
struct Entry {
    enum class Kind {
        command,
        task_management,
        broken,  // The ring holds what no kernel writes; nothing behind it can be read.
    };
    Kind kind = Kind::broken;

    // Of a command.
    CommandId id{};
    std::span<const std::byte> cdb;  // As long as the opcode's group says.
    std::span<const abi::Piece> pieces;
    std::span<const abi::Piece> bidirectional_pieces;

    // Of a task management function.
    TaskFunction function = TaskFunction::unknown;
    std::span<const std::uint16_t> command_ids;

    std::string_view problem;  // Of what is broken: what was found.
};

struct Response {
    std::uint8_t status = 0;
    // Bytes of data-in that are valid; nullopt: all that the initiator expects. Ignored where the kernel does
    // not know read lengths. 0 cannot be said to the kernel: REQUIRES a value above 0.
    std::optional<std::uint32_t> read_length{};
    // REQUIRES: filled for CHECK CONDITION; not read otherwise. 96 bytes.
    const std::byte* sense = nullptr;
};

class Ring {
public:
    // The mapping is that of the whole UIO device and outlives the Ring. Serving goes on where the mailbox's
    // tail is. The error says, for people, what in the mailbox cannot be served.
    static tl::expected<Ring, std::string_view> attach(std::span<std::byte> mapping);

    bool knows_read_length() const { return (flags_ & abi::read_length) != 0; }
    bool completes_out_of_order() const { return (flags_ & abi::out_of_order_completion) != 0; }

    // The next entry, valid until the next call; nullptr if there is none at the moment.
    const Entry* next();
    // The memory of a command's pieces. Returns how many bytes that is; nullopt if a piece lies outside of
    // the data area. REQUIRES: into is as long.
    std::optional<std::uint64_t> map(std::span<const abi::Piece> pieces, std::span<iovec> into) const;

    // Answers a command that next() returned, once. The kernel sees it after publish().
    void complete(CommandId id, const Response& response);
    // Hands over what was completed. True: the kernel must be told, by Device::notify().
    bool publish();

    // Commands that were taken and not completed.
    std::size_t outstanding() const { return outstanding_; }
    // Whether the kernel has submitted anything that next() did not return.
    bool has_more() const;
    // Whether no command waited when the ring was attached.
    bool empty_at_attach() const { return empty_at_attach_; }
    // Whether the ring looks as if nobody had ever answered a command since it was made or reset.
    bool never_served() const { return tail_at_attach_ == 0 && session_state() == 0; }

    // A word of the mailbox that is ours; see Session.
    std::uint32_t session_state() const;
    void set_session_state(std::uint32_t state);

private:
    Ring(std::span<std::byte> mapping, const abi::Mailbox& mailbox);

    struct Slot {
        std::byte* at;
        std::uint32_t length;  // 0: what stands there is impossible.
        abi::Opcode opcode;
    };
    Slot slot(std::uint32_t position) const;
    bool read_entry(const Slot& slot);
    void read_command(const Slot& slot);
    void read_task_management(const Slot& slot);
    void complain(std::string_view problem);
    void answer(const Slot& slot, CommandId id, const Response& response);
    Slot oldest_unanswered();
    void skip_what_needs_no_answer();
    std::uint32_t after(std::uint32_t position, std::uint32_t length) const;

    // A kernel without out-of-order completion gets its answers in the order of its commands; these wait for
    // older ones.
    struct Held {
        CommandId id;
        bool completed;
        std::uint8_t status;
        std::optional<std::uint32_t> read_length{};
        std::array<std::byte, abi::sense_size> sense;
    };

    std::span<std::byte> mapping_;
    std::span<std::byte> ring_;
    std::uint64_t data_offset_;
    std::uint16_t flags_;
    std::uint32_t take_ = 0;       // Position of the entry that next() reads.
    std::uint32_t answered_ = 0;   // Position behind the last slot that holds an answer.
    std::uint32_t published_ = 0;  // What the mailbox's tail says.
    std::size_t outstanding_ = 0;
    bool empty_at_attach_ = true;
    std::uint32_t tail_at_attach_ = 0;
    bool broken_ = false;
    Entry entry_;  // What next() returned.
    std::deque<Held> held_;
};

// The number of bytes that the kernel copies of a CDB, by the group of its opcode and, for 7Fh, its
// additional length.
std::size_t cdb_length(std::uint8_t opcode, std::uint8_t additional_length);

}  // namespace tcmud::uio
