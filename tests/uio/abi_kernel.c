// SPDX-License-Identifier: Apache-2.0
// What the kernel's own header says of the layout. It cannot be included from C++.
#include "tests/uio/abi_kernel.h"

#include <linux/target_core_user.h>
#include <stddef.h>

const struct KernelAbi kernel_abi = {
    .mailbox_size = sizeof(struct tcmu_mailbox),
    .version = offsetof(struct tcmu_mailbox, version),
    .flags = offsetof(struct tcmu_mailbox, flags),
    .ring_offset = offsetof(struct tcmu_mailbox, cmdr_off),
    .ring_size = offsetof(struct tcmu_mailbox, cmdr_size),
    .head = offsetof(struct tcmu_mailbox, cmd_head),
    .tail = offsetof(struct tcmu_mailbox, cmd_tail),

    .header_size = sizeof(struct tcmu_cmd_entry_hdr),
    .length_and_opcode = offsetof(struct tcmu_cmd_entry_hdr, len_op),
    .command_id = offsetof(struct tcmu_cmd_entry_hdr, cmd_id),
    .kernel_flags = offsetof(struct tcmu_cmd_entry_hdr, kflags),
    .user_flags = offsetof(struct tcmu_cmd_entry_hdr, uflags),

    .command_size = sizeof(struct tcmu_cmd_entry),
    .piece_count = offsetof(struct tcmu_cmd_entry, req.iov_cnt),
    .bidirectional_piece_count = offsetof(struct tcmu_cmd_entry, req.iov_bidi_cnt),
    .protection_piece_count = offsetof(struct tcmu_cmd_entry, req.iov_dif_cnt),
    .cdb_offset = offsetof(struct tcmu_cmd_entry, req.cdb_off),
    .unused = offsetof(struct tcmu_cmd_entry, req.__pad1),
    .pieces = offsetof(struct tcmu_cmd_entry, req.iov),
    .piece_size = sizeof(struct iovec),
    .piece_length = offsetof(struct iovec, iov_len),
    .scsi_status = offsetof(struct tcmu_cmd_entry, rsp.scsi_status),
    .read_length = offsetof(struct tcmu_cmd_entry, rsp.read_len),
    .sense = offsetof(struct tcmu_cmd_entry, rsp.sense_buffer),
    .sense_size = TCMU_SENSE_BUFFERSIZE,

    .task_management_size = sizeof(struct tcmu_tmr_entry),
    .task_management_type = offsetof(struct tcmu_tmr_entry, tmr_type),
    .task_management_count = offsetof(struct tcmu_tmr_entry, cmd_cnt),
    .task_management_ids = offsetof(struct tcmu_tmr_entry, cmd_ids),

    .opcode_mask = TCMU_OP_MASK,
    .opcode_pad = TCMU_OP_PAD,
    .opcode_command = TCMU_OP_CMD,
    .opcode_task_management = TCMU_OP_TMR,
    .out_of_order_completion = TCMU_MAILBOX_FLAG_CAP_OOOC,
    .read_length_capability = TCMU_MAILBOX_FLAG_CAP_READ_LEN,
    .task_management_capability = TCMU_MAILBOX_FLAG_CAP_TMR,
    .keep_buffer_capability = TCMU_MAILBOX_FLAG_CAP_KEEP_BUF,
    .unknown_opcode = TCMU_UFLAG_UNKNOWN_OP,
    .read_length_valid = TCMU_UFLAG_READ_LEN,
    .mailbox_version = TCMU_MAILBOX_VERSION,
};
