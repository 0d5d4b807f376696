/* SPDX-License-Identifier: Apache-2.0
   Sizes, offsets and constants of <linux/target_core_user.h>, for a comparison in C++. */
#ifndef TCMUD_TESTS_UIO_ABI_KERNEL_H
#define TCMUD_TESTS_UIO_ABI_KERNEL_H

#ifdef __cplusplus
extern "C" {
#endif

struct KernelAbi {
    unsigned long mailbox_size, version, flags, ring_offset, ring_size, head, tail;
    unsigned long header_size, length_and_opcode, command_id, kernel_flags, user_flags;
    unsigned long command_size, piece_count, bidirectional_piece_count, protection_piece_count, cdb_offset,
        unused, pieces, piece_size, piece_length, scsi_status, read_length, sense, sense_size;
    unsigned long task_management_size, task_management_type, task_management_count, task_management_ids;
    unsigned long opcode_mask, opcode_pad, opcode_command, opcode_task_management, out_of_order_completion,
        read_length_capability, task_management_capability, keep_buffer_capability, unknown_opcode,
        read_length_valid, mailbox_version;
};

extern const struct KernelAbi kernel_abi;

#ifdef __cplusplus
}
#endif

#endif
