// SPDX-License-Identifier: Apache-2.0
// The in-flight journal of a ring: what a successor must know and the ring's slots cannot say.
//
// A slot says itself whether its command was taken, how far that came and how it was answered (abi::Mark).
// The journal has the rest: entries of commands whose slots went to the answers of younger ones, sense data
// on its way into a slot, and the state of the device. It is memory that outlives the process, as the ring
// does: a file in the run directory, mapped. A store to it is seen by the successor of a process that was
// killed after it, in the order of the program. Of one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

#include <tl/expected.hpp>

#include "uio/abi.hpp"

namespace tcmud::uio {

enum class CommandId : std::uint16_t {};

class Journal {
public:
    // Bytes of the longest entry that can be kept: 57 pieces and a CDB of 64 bytes, for example.
    static constexpr std::size_t longest_entry = 1016;
    static constexpr std::size_t longest_state = 1000;

    // Makes the file, or maps the one that is there. Most of it is a hole: a LUN whose commands end in order
    // needs a page.
    static tl::expected<Journal, std::error_code> open(const char* path);
    // In memory that ends with the last Journal on it; for tests and for want of a file.
    static Journal in_memory();
    // On memory of the caller's, `size` bytes at the start of a page; for tests.
    static constexpr std::size_t size = 4096 + 65536 * 1024;
    static Journal at(std::byte* memory);
    // Bytes that the records of ids below that number take, with what comes before them.
    static constexpr std::size_t size_for_ids(std::size_t ids) { return 4096 + ids * 1024; }

    // Whether it holds what belongs to a ring with that generation.
    bool belongs_to(std::uint64_t generation) const;
    // Forgets everything, and belongs to that generation from here on.
    void begin(std::uint64_t generation);

    // Keeps a command's entry, which begins at entry_offset of the ring's mapping. False: it is too long, or
    // the file system is full.
    bool save(CommandId id, std::span<const std::byte> entry, std::uint64_t entry_offset);
    struct Saved {
        std::span<const std::byte> entry;
        std::uint64_t entry_offset;
    };
    // nullopt: the journal has none, which only a damaged one can say of a command that it should have.
    std::optional<Saved> saved(CommandId id) const;

    // A command is about to lose the slot at `from`; the one at `to` will bear `mark` then. Positions in the
    // ring, in bytes.
    struct Move {
        std::uint32_t from;
        std::uint32_t to;
        abi::Mark mark;
    };
    void begin_move(const Move& move);
    void end_move();
    std::optional<Move> move() const;

    // An answer that is about to be written over the mark of the slot at `position`.
    struct SenseAnswer {
        std::uint32_t position;
        std::uint32_t behind;  // Where the tail is once it is published.
        abi::Mark mark;
        const std::byte* sense;  // abi::sense_size bytes.
    };
    void note_sense(const SenseAnswer& answer);
    void forget_sense();
    std::optional<SenseAnswer> sense() const;

    // What the device wants to find again. A state is kept whole or not at all: a killed process leaves the
    // old one or the new one. False: it is too long.
    bool keep_state(std::span<const std::byte> state);
    // Empty: none was kept.
    std::span<const std::byte> state() const;

private:
    struct Memory;
    struct Header;
    struct Record;
    explicit Journal(std::shared_ptr<Memory> memory) : memory_(std::move(memory)) {}
    Header& header() const;
    Record& record(CommandId id) const;

    std::shared_ptr<Memory> memory_;
};

}  // namespace tcmud::uio
