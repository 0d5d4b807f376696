// SPDX-License-Identifier: Apache-2.0
// The operation codes and service actions that tcmud knows, by the standards' names.
#pragma once

#include <cstdint>

namespace tcmud::scsi {

enum class Opcode : std::uint8_t {
    test_unit_ready = 0x00,
    request_sense = 0x03,
    format_unit = 0x04,
    read_6 = 0x08,
    write_6 = 0x0a,
    inquiry = 0x12,
    mode_select_6 = 0x15,
    mode_sense_6 = 0x1a,
    start_stop_unit = 0x1b,
    send_diagnostic = 0x1d,
    prevent_allow_medium_removal = 0x1e,
    read_capacity_10 = 0x25,
    read_10 = 0x28,
    write_10 = 0x2a,
    write_and_verify_10 = 0x2e,
    verify_10 = 0x2f,
    pre_fetch_10 = 0x34,
    synchronize_cache_10 = 0x35,
    write_same_10 = 0x41,
    unmap = 0x42,
    mode_select_10 = 0x55,
    mode_sense_10 = 0x5a,
    variable_length = 0x7f,
    third_party_copy_out = 0x83,
    third_party_copy_in = 0x84,
    read_16 = 0x88,
    compare_and_write = 0x89,
    write_16 = 0x8a,
    orwrite_16 = 0x8b,
    write_and_verify_16 = 0x8e,
    verify_16 = 0x8f,
    pre_fetch_16 = 0x90,
    synchronize_cache_16 = 0x91,
    write_same_16 = 0x93,
    service_action_in_16 = 0x9e,
    report_luns = 0xa0,
    maintenance_in = 0xa3,
    maintenance_out = 0xa4,
    read_12 = 0xa8,
    write_12 = 0xaa,
    write_and_verify_12 = 0xae,
    verify_12 = 0xaf,

    // Of sequential-access devices; some are also a disk's, by another name.
    rewind = 0x01,
    format_medium = 0x04,
    read_block_limits = 0x05,
    set_capacity = 0x0b,
    write_filemarks_6 = 0x10,
    space_6 = 0x11,
    verify_6 = 0x13,
    erase_6 = 0x19,
    load_unload = 0x1b,
    receive_diagnostic_results = 0x1c,
    locate_10 = 0x2b,
    read_position = 0x34,
    write_buffer = 0x3b,
    read_buffer = 0x3c,
    report_density_support = 0x44,
    log_select = 0x4c,
    log_sense = 0x4d,
    write_filemarks_16 = 0x80,
    allow_overwrite = 0x82,
    read_attribute = 0x8c,
    write_attribute = 0x8d,
    space_16 = 0x91,
    locate_16 = 0x92,
    security_protocol_in = 0xa2,
    security_protocol_out = 0xb5,

    // Of medium changers; some are also a disk's, by another name.
    initialize_element_status = 0x07,
    open_close_import_export_element = 0x1b,
    position_to_element = 0x2b,
    initialize_element_status_with_range = 0x37,
    move_medium = 0xa5,
    exchange_medium = 0xa6,
    request_volume_element_address = 0xb5,
    send_volume_tag = 0xb6,
    read_element_status = 0xb8,
    vendor_initialize_element_status_with_range = 0xe7,  // What libraries had before the standard did.
};

// Service actions, in the low 5 bits of byte 1 (or bytes 8 and 9 of a variable-length CDB).
namespace service_action {
inline constexpr std::uint16_t read_capacity_16 = 0x10;
inline constexpr std::uint16_t get_lba_status = 0x12;
inline constexpr std::uint16_t report_target_port_groups = 0x0a;
inline constexpr std::uint16_t report_supported_operation_codes = 0x0c;
inline constexpr std::uint16_t report_supported_task_management_functions = 0x0d;
inline constexpr std::uint16_t set_target_port_groups = 0x0a;
inline constexpr std::uint16_t report_timestamp = 0x0f;
inline constexpr std::uint16_t set_timestamp = 0x0f;
inline constexpr std::uint16_t extended_copy_lid1 = 0x00;
inline constexpr std::uint16_t receive_copy_status_lid1 = 0x00;
inline constexpr std::uint16_t receive_copy_operating_parameters = 0x03;
inline constexpr std::uint16_t receive_copy_failure_details = 0x04;
}  // namespace service_action

// The first byte of peripheral device types (SPC-4 6.6.2).
enum class DeviceType : std::uint8_t { disk = 0x00, tape = 0x01, changer = 0x08 };

}  // namespace tcmud::scsi
