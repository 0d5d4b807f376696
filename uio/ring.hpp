// SPDX-License-Identifier: Apache-2.0
// The command ring: takes what the kernel submitted, publishes what was completed, and leaves in the slots
// and in the journal what a successor needs to go on wherever the process is killed.
//
// Nothing in the shared memory is believed: every offset and length is checked before use. One thread at a
// time.
#pragma once

#include <sys/uio.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tl/expected.hpp>

#include "uio/abi.hpp"
#include "uio/journal.hpp"

namespace tcmud::uio {

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

// How far a command has come that was taken, for a successor: bits.
enum Progress : std::uint8_t {
    begun = 0,         // Nothing is known; it can be executed again.
    matched = 1 << 0,  // Its comparison held, and it may have written.
    done = 1 << 1,     // It has ended GOOD, without data-in; only its answer is missing.
    aborted = 1 << 2,  // The initiator does not want it any more.
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
    std::uint8_t progress = begun;  // Of a predecessor's command.
    std::uint32_t number = 0;       // In which order it was taken, the first time; wraps.

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
    // GOOD, and the initiator gets no data: where the answer has to wait for older ones, the command is
    // `done`.
    bool without_data_in = false;
};

class Ring {
public:
    // What the ring is found to be.
    enum class Beginning {
        fresh,      // Nothing was begun that is not answered.
        continued,  // A predecessor was killed: next() gives what it had taken first, then what is new.
        lost,       // What was begun is not known. The ring must be reset before it can be served.
    };

    // The mapping is that of the whole UIO device and outlives the Ring. Serving goes on where the mailbox's
    // tail is. The error says, for people, what in the mailbox cannot be served.
    static tl::expected<Ring, std::string_view> attach(std::span<std::byte> mapping, Journal journal);
    Beginning beginning() const { return beginning_; }
    // Before the first next(). REQUIRES: not lost.
    void begin();
    // What is in the ring was not begun, unless it was a predecessor's and not taken again. REQUIRES: nothing
    // is outstanding; everything is published.
    void leave();
    // Of a ring that is lost: it is going to be reset, and found fresh then.
    void give_up();

    bool knows_read_length() const { return (flags_ & abi::read_length) != 0; }
    bool completes_out_of_order() const { return (flags_ & abi::out_of_order_completion) != 0; }

    // The next entry, valid until the next call; nullptr if there is none at the moment.
    const Entry* next();
    // The memory of a command's pieces. Returns how many bytes that is; nullopt if a piece lies outside of
    // the data area. REQUIRES: into is as long.
    std::optional<std::uint64_t> map(std::span<const abi::Piece> pieces, std::span<iovec> into) const;

    // How far a command has come: bits of Progress, which are added to what is noted.
    void note(CommandId id, Progress progress);

    // Answers a command that next() returned, once. The kernel sees it after publish().
    void complete(CommandId id, const Response& response);
    // Hands over what was completed. True: the kernel must be told, by Device::notify().
    bool publish();

    // Commands that were taken and not completed.
    std::size_t outstanding() const { return outstanding_; }
    // Whether the kernel has submitted anything that next() did not return.
    bool has_more() const;
    // Of those: commands that a predecessor had begun.
    std::size_t left_by_predecessor() const { return of_predecessor_.size(); }

    // What the predecessor's device kept, if it was the ring's; empty otherwise.
    std::span<const std::byte> device_state() const;
    Journal& journal() { return journal_; }

private:
    Ring(std::span<std::byte> mapping, const abi::Mailbox& mailbox, Journal journal);

    struct Slot {
        std::byte* at;
        std::uint32_t length;  // 0: what stands there is impossible.
        abi::Opcode opcode;
    };
    template <class T>
    static T read(const std::byte* at) {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    abi::Mailbox& mailbox() const { return *reinterpret_cast<abi::Mailbox*>(mapping_.data()); }
    // The kernel publishes entries by a store-release of head, we publish answers by a store-release of tail.
    std::uint32_t load_head() const {
        return std::atomic_ref(mailbox().head).load(std::memory_order_acquire);
    }
    Slot slot(std::uint32_t position) const;
    // The same of one that was submitted: its length is 0 also where it reaches beyond the head.
    Slot submitted(std::uint32_t position, std::uint32_t head) const;
    std::uint64_t offset_of(const Slot& slot) const {
        return static_cast<std::uint64_t>(slot.at - mapping_.data());
    }
    std::uint32_t after(std::uint32_t position, std::uint32_t length) const;

    static abi::Mark mark(const Slot& slot) {
        return std::bit_cast<abi::Mark>(word_of_mark(slot).load(std::memory_order_acquire));
    }
    static void set_mark(const Slot& slot, const abi::Mark& mark) {
        word_of_mark(slot).store(std::bit_cast<std::uint64_t>(mark), std::memory_order_release);
        std::atomic_signal_fence(std::memory_order_seq_cst);  // What follows is not stored before.
    }
    static std::atomic_ref<std::uint64_t> word_of_mark(const Slot& slot) {
        return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(slot.at + abi::mark_offset));
    }
    // The command that a slot stands for, of one that was taken and not answered.
    static CommandId represented(const Slot& slot, const abi::Mark& mark) {
        if (mark.kind == abi::Mark::Kind::stands_for) return CommandId{mark.id};
        return CommandId{read<abi::EntryHeader>(slot.at).command_id};
    }
    std::uint32_t& position_of(CommandId id) {
        const auto index = static_cast<std::size_t>(id);
        if (index >= positions_.size()) positions_.resize(index + 1, nowhere);
        return positions_[index];
    }
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    bool read_entry(const Slot& slot);
    // An entry at its slot, or where the journal keeps it; its offsets count from entry_offset.
    void read_command(std::span<const std::byte> from, std::uint64_t entry_offset);
    void read_task_management(const Slot& slot);
    void complain(std::string_view problem);
    const Entry* next_of_predecessor();

    bool place(CommandId id, const Response& response);
    bool begin_move(const Slot& slot, CommandId for_answer_to);
    void end_move();
    void store_answer(const Slot& slot, const abi::Mark& mark, const std::byte* sense);
    void place_what_is_held();
    Slot oldest_unanswered();
    void skip_what_needs_no_answer();
    void publish_tail();

    // What a predecessor left.
    Beginning look_at_what_is_there();
    bool anything_marked() const;
    bool recover();
    bool recover_slot(const Slot& slot, std::uint32_t position, const abi::Mark& bears);
    void redo_move(const std::optional<Journal::SenseAnswer>& sense);
    std::optional<Journal::SenseAnswer> sense_under_way() const;
    bool waits(std::uint32_t wanted) const;
    void put_in_order();
    void abort_listed(const Slot& slot);

    // Answers that cannot be given out of order: of a kernel that knows no such thing, or for want of room in
    // the journal for the entry of the oldest command.
    struct Held {
        CommandId id;
        Response response;
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
    std::uint32_t taken_ = 0;   // Commands so far; wraps.
    bool unannounced_ = false;  // The tail has moved since publish() said so.
    bool broken_ = false;
    Beginning beginning_ = Beginning::fresh;
    Entry entry_;  // What next() returned.
    Journal journal_;
    std::vector<std::uint32_t>
        positions_;  // By id: the slot that stands for it, if it was taken and is not answered.
    std::vector<CommandId> of_predecessor_;  // Not returned yet; the last one first.
    std::vector<Held> held_;
};

// The number of bytes that the kernel copies of a CDB, by the group of its opcode and, for 7Fh, its
// additional length.
std::size_t cdb_length(std::uint8_t opcode, std::uint8_t additional_length);

}  // namespace tcmud::uio
