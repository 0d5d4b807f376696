// SPDX-License-Identifier: Apache-2.0
// The layout of the memory that the kernel's TCMU shares with us: mailbox, command ring, entries.
//
// Of <linux/target_core_user.h>, version 2 (Linux 4.1 and later). That header cannot be included from C++
// beside <sys/uio.h>; tests/uio/abi_test.cpp compares every field with it. Native endianness and word size.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tcmud::uio::abi {

static_assert(sizeof(void*) == 8, "the layout differs between 32 and 64 bit; tcmud serves 64-bit kernels");

inline constexpr std::uint16_t version = 2;

// What the kernel can do, in Mailbox::flags.
enum MailboxFlag : std::uint16_t {
    out_of_order_completion = 1 << 0,  // 4.6
    read_length = 1 << 1,              // 4.19
    task_management = 1 << 2,          // 5.9
    keep_buffer = 1 << 3,              // 5.15
};

struct Mailbox {
    std::uint16_t version;
    std::uint16_t flags;
    std::uint32_t ring_offset;  // All offsets count from the start of the mapping, in bytes.
    std::uint32_t ring_size;    // Not a power of two.
    std::uint32_t head;         // Written by the kernel: where it puts the next entry, from the ring's start.
    std::byte kernel_padding[48];
    std::uint32_t tail;  // Written by us: the first entry that is not completed.
    // Neither read nor written by the kernel; survives reset_ring and the daemon (seen on 6.1).
    std::uint32_t session_state;
    std::byte user_padding_1[8];
    std::uint64_t generation;  // Of what was served: the journal that belongs to the ring has the same.
    std::byte user_padding_2[40];
};
static_assert(sizeof(Mailbox) == 128);
static_assert(offsetof(Mailbox, head) == 12 && offsetof(Mailbox, tail) == 64);
static_assert(offsetof(Mailbox, session_state) == 68 && offsetof(Mailbox, generation) == 80);

enum class Opcode : std::uint32_t { pad = 0, command = 1, task_management = 2 };

// What we answer in EntryHeader::user_flags.
enum UserFlag : std::uint8_t {
    unknown_opcode = 1 << 0,
    read_length_valid = 1 << 1,
};

struct EntryHeader {
    std::uint32_t
        length_and_opcode;  // The length of the whole entry, a multiple of 8; its low 3 bits are the Opcode.
    std::uint16_t command_id;  // 0 in entries that are no commands.
    std::uint8_t kernel_flags;
    std::uint8_t user_flags;
};
static_assert(sizeof(EntryHeader) == 8);

inline constexpr std::uint32_t opcode_mask = 7;
inline constexpr std::uint32_t entry_alignment = 8;

// A piece of the data area. Not `iovec`: its base is an offset.
struct Piece {
    std::uint64_t offset;
    std::uint64_t length;
};
static_assert(sizeof(Piece) == 16);

// A command as the kernel wrote it. The CDB lies behind the pieces, at cdb_offset of the mapping.
struct Request {
    EntryHeader header;
    std::uint32_t piece_count;
    std::uint32_t bidirectional_piece_count;
    std::uint32_t protection_piece_count;  // 0: protection information does not reach user space.
    std::uint32_t hole;
    std::uint64_t cdb_offset;
    std::uint64_t unused[2];  // Zeroed by the kernel whenever it fills the slot; the second is the Mark.
    // Piece pieces[];
};
static_assert(sizeof(Request) == 48 && offsetof(Request, cdb_offset) == 24);

// What we note in a slot for whoever serves the ring after us. Eight bytes, stored at once, so that a process
// that is killed has noted it or has not.
struct Mark {
    enum class Kind : std::uint8_t {
        untouched = 0,   // Not taken yet.
        taken = 1,       // Its command is being executed.
        stands_for = 2,  // Its own command is answered; that of `id`, whose entry the journal has, is not.
        answered = 3,    // Holds, or is about to hold, the answer to `id`.
    };
    Kind kind = Kind::untouched;
    std::uint8_t detail = 0;  // Progress while it is being executed; the SCSI status of an answer.
    std::uint16_t id = 0;
    // Of an answer: its read length; 0: none is said. Before: in which order the command was taken.
    std::uint32_t number = 0;
};
static_assert(sizeof(Mark) == 8);
inline constexpr std::size_t mark_offset = offsetof(Request, unused) + 8;

inline constexpr std::size_t sense_size = 96;

// The front of an answer, all that there is of GOOD.
struct ResponseHead {
    EntryHeader header;
    std::uint8_t scsi_status;
    std::uint8_t padding[3];
    std::uint32_t read_length;
};

// The answer, which overlays the request: counts, cdb_offset and the first four pieces are gone then.
struct Response {
    EntryHeader header;
    std::uint8_t scsi_status;
    std::uint8_t padding[3];
    std::uint32_t read_length;
    std::byte sense[sense_size];  // On CHECK CONDITION the kernel copies all of it.
};
static_assert(sizeof(Response) == 112 && offsetof(Response, sense) == sizeof(ResponseHead));

// The length of an entry with few pieces, without its CDB.
inline constexpr std::size_t smallest_command = sizeof(Response);

struct TaskManagement {
    EntryHeader header;
    std::uint8_t type;
    std::uint8_t padding[3];
    std::uint32_t command_count;
    std::uint64_t hole[2];
    // std::uint16_t command_ids[];
};
static_assert(sizeof(TaskManagement) == 32);

}  // namespace tcmud::uio::abi
