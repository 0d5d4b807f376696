// SPDX-License-Identifier: Apache-2.0
#include "uio/abi.hpp"

#include <catch2/catch.hpp>

#include "tests/uio/abi_kernel.h"

using namespace tcmud::uio::abi;

TEST_CASE("the mailbox lies where the kernel's header puts it") {
    CHECK(sizeof(Mailbox) == kernel_abi.mailbox_size);
    CHECK(offsetof(Mailbox, version) == kernel_abi.version);
    CHECK(offsetof(Mailbox, flags) == kernel_abi.flags);
    CHECK(offsetof(Mailbox, ring_offset) == kernel_abi.ring_offset);
    CHECK(offsetof(Mailbox, ring_size) == kernel_abi.ring_size);
    CHECK(offsetof(Mailbox, head) == kernel_abi.head);
    CHECK(offsetof(Mailbox, tail) == kernel_abi.tail);
    CHECK(version == kernel_abi.mailbox_version);
}

TEST_CASE("an entry's header lies where the kernel's header puts it") {
    CHECK(sizeof(EntryHeader) == kernel_abi.header_size);
    CHECK(offsetof(EntryHeader, length_and_opcode) == kernel_abi.length_and_opcode);
    CHECK(offsetof(EntryHeader, command_id) == kernel_abi.command_id);
    CHECK(offsetof(EntryHeader, kernel_flags) == kernel_abi.kernel_flags);
    CHECK(offsetof(EntryHeader, user_flags) == kernel_abi.user_flags);
}

TEST_CASE("request and response lie where the kernel's header puts them") {
    CHECK(smallest_command == kernel_abi.command_size);
    CHECK(offsetof(Request, piece_count) == kernel_abi.piece_count);
    CHECK(offsetof(Request, bidirectional_piece_count) == kernel_abi.bidirectional_piece_count);
    CHECK(offsetof(Request, protection_piece_count) == kernel_abi.protection_piece_count);
    CHECK(offsetof(Request, cdb_offset) == kernel_abi.cdb_offset);
    CHECK(offsetof(Request, unused) == kernel_abi.unused);
    CHECK(sizeof(Request) == kernel_abi.pieces);
    CHECK(sizeof(Piece) == kernel_abi.piece_size);
    CHECK(offsetof(Piece, length) == kernel_abi.piece_length);
    CHECK(offsetof(Response, scsi_status) == kernel_abi.scsi_status);
    CHECK(offsetof(Response, read_length) == kernel_abi.read_length);
    CHECK(offsetof(Response, sense) == kernel_abi.sense);
    CHECK(sense_size == kernel_abi.sense_size);
}

TEST_CASE("a task management entry lies where the kernel's header puts it") {
    CHECK(offsetof(TaskManagement, type) == kernel_abi.task_management_type);
    CHECK(offsetof(TaskManagement, command_count) == kernel_abi.task_management_count);
    CHECK(sizeof(TaskManagement) == kernel_abi.task_management_ids);
    CHECK(sizeof(TaskManagement) == kernel_abi.task_management_size);
}

TEST_CASE("opcodes and flags have the kernel's values") {
    CHECK(opcode_mask == kernel_abi.opcode_mask);
    CHECK(static_cast<unsigned long>(Opcode::pad) == kernel_abi.opcode_pad);
    CHECK(static_cast<unsigned long>(Opcode::command) == kernel_abi.opcode_command);
    CHECK(static_cast<unsigned long>(Opcode::task_management) == kernel_abi.opcode_task_management);
    CHECK(out_of_order_completion == kernel_abi.out_of_order_completion);
    CHECK(read_length == kernel_abi.read_length_capability);
    CHECK(task_management == kernel_abi.task_management_capability);
    CHECK(keep_buffer == kernel_abi.keep_buffer_capability);
    CHECK(unknown_opcode == kernel_abi.unknown_opcode);
    CHECK(read_length_valid == kernel_abi.read_length_valid);
}
