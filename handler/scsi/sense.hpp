// SPDX-License-Identifier: Apache-2.0
// Sense data: what a command that did not end GOOD says of itself (SPC-4 4.5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tcmud::scsi {

enum class SenseKey : std::uint8_t {
    no_sense = 0x0,
    recovered_error = 0x1,
    not_ready = 0x2,
    medium_error = 0x3,
    hardware_error = 0x4,
    illegal_request = 0x5,
    unit_attention = 0x6,
    data_protect = 0x7,
    blank_check = 0x8,
    vendor_specific = 0x9,
    copy_aborted = 0xa,
    aborted_command = 0xb,
    volume_overflow = 0xd,
    miscompare = 0xe,
};

// SPC-4 table 43.
constexpr std::string_view name_of(SenseKey key) {
    constexpr std::array<std::string_view, 16> names{
        "NO SENSE",       "RECOVERED ERROR", "NOT READY",      "MEDIUM ERROR",
        "HARDWARE ERROR", "ILLEGAL REQUEST", "UNIT ATTENTION", "DATA PROTECT",
        "BLANK CHECK",    "VENDOR SPECIFIC", "COPY ABORTED",   "ABORTED COMMAND",
        "RESERVED",       "VOLUME OVERFLOW", "MISCOMPARE",     "COMPLETED",
    };
    return names[static_cast<std::size_t>(key) & 0xf];
}

// The three bytes behind the sense key (SPC-4 4.5.2.4.x); which meaning they have follows from the sense key.
struct SenseKeySpecific {
    bool valid = false;
    std::uint8_t first = 0;   // C/D, BPV and BIT POINTER of a field pointer; 0 otherwise.
    std::uint16_t value = 0;  // FIELD POINTER, or PROGRESS INDICATION in 65536ths.
    constexpr bool operator==(const SenseKeySpecific&) const = default;
};

struct Sense {
    SenseKey key = SenseKey::no_sense;
    std::uint8_t asc = 0;   // ADDITIONAL SENSE CODE
    std::uint8_t ascq = 0;  // ADDITIONAL SENSE CODE QUALIFIER
    bool information_valid = false;
    std::uint64_t information = 0;
    SenseKeySpecific specific{};
    // Of sequential-access devices.
    bool filemark = false;
    bool end_of_medium = false;
    bool incorrect_length = false;
    // EXTENDED COPY: the segment that failed, in COMMAND-SPECIFIC INFORMATION.
    std::uint64_t command_specific = 0;

    constexpr bool operator==(const Sense&) const = default;

    // INFORMATION: the block that failed, or where two buffers differ.
    constexpr Sense with_information(std::uint64_t value) const {
        auto sense = *this;
        sense.information_valid = true;
        sense.information = value;
        return sense;
    }
    // Of INVALID FIELD IN CDB: which field, by its first byte and most significant bit.
    constexpr Sense in_cdb(std::uint16_t byte, unsigned bit = 7) const { return pointing(0xc8 | bit, byte); }
    constexpr Sense in_cdb_byte(std::uint16_t byte) const { return pointing(0xc0, byte); }
    // Of INVALID FIELD IN PARAMETER LIST.
    constexpr Sense in_parameters(std::uint16_t byte) const { return pointing(0x80, byte); }
    constexpr Sense in_parameters(std::uint16_t byte, unsigned bit) const {
        return pointing(0x88 | bit, byte);
    }
    constexpr Sense with_progress(std::uint16_t in_65536ths) const { return pointing(0x80, in_65536ths); }

private:
    constexpr Sense pointing(unsigned first, std::uint16_t value) const {
        auto sense = *this;
        sense.specific = {true, static_cast<std::uint8_t>(first & 0x7f), value};
        return sense;
    }
};

// Which of the two formats D_SENSE of the control mode page asks for.
enum class SenseFormat { fixed, descriptor };

inline constexpr std::size_t sense_size = 96;
using SenseBytes = std::array<std::byte, sense_size>;

// All 96 bytes, zeros behind what is used: the kernel sends them all.
SenseBytes encode(const Sense& sense, SenseFormat format);

namespace sense {

using Key = SenseKey;
inline constexpr Sense no_sense{};
inline constexpr Sense filemark_detected{.ascq = 0x01, .filemark = true};
inline constexpr Sense end_of_partition_detected{.ascq = 0x02, .end_of_medium = true};
inline constexpr Sense beginning_of_partition_detected{.ascq = 0x04, .end_of_medium = true};
inline constexpr Sense programmable_early_warning{.ascq = 0x07, .end_of_medium = true};
inline constexpr Sense progress_of_operation{Key::no_sense, 0x00, 0x16};
inline constexpr Sense wrong_length{.incorrect_length = true};
inline constexpr Sense becoming_ready{Key::not_ready, 0x04, 0x01};
inline constexpr Sense initializing_command_required{Key::not_ready, 0x04, 0x02};
inline constexpr Sense not_ready_cause_unknown{Key::not_ready, 0x04, 0x00};
inline constexpr Sense operation_in_progress{Key::not_ready, 0x04, 0x07};
inline constexpr Sense medium_not_present{Key::not_ready, 0x3a, 0x00};
inline constexpr Sense cleaning_cartridge_installed{Key::not_ready, 0x30, 0x03};
inline constexpr Sense incompatible_medium_installed{Key::medium_error, 0x30, 0x00};
inline constexpr Sense write_error{Key::medium_error, 0x0c, 0x00};
inline constexpr Sense unrecovered_read_error{Key::medium_error, 0x11, 0x00};
inline constexpr Sense internal_target_failure{Key::hardware_error, 0x44, 0x00};
inline constexpr Sense set_target_port_groups_failed{Key::hardware_error, 0x67, 0x0a};
inline constexpr Sense invalid_operation_code{Key::illegal_request, 0x20, 0x00};
inline constexpr Sense invalid_element_address{Key::illegal_request, 0x21, 0x01};
inline constexpr Sense lba_out_of_range{Key::illegal_request, 0x21, 0x00};
inline constexpr Sense logical_unit_not_supported{Key::illegal_request, 0x25, 0x00};
inline constexpr Sense invalid_field_in_cdb{Key::illegal_request, 0x24, 0x00};
inline constexpr Sense parameter_list_length_error{Key::illegal_request, 0x1a, 0x00};
inline constexpr Sense invalid_field_in_parameter_list{Key::illegal_request, 0x26, 0x00};
inline constexpr Sense too_many_target_descriptors{Key::illegal_request, 0x26, 0x06};
inline constexpr Sense unsupported_target_descriptor{Key::illegal_request, 0x26, 0x07};
inline constexpr Sense too_many_segment_descriptors{Key::illegal_request, 0x26, 0x08};
inline constexpr Sense unsupported_segment_descriptor{Key::illegal_request, 0x26, 0x09};
inline constexpr Sense invalid_field_in_information_unit{Key::illegal_request, 0x0e, 0x03};
inline constexpr Sense incompatible_medium{Key::illegal_request, 0x30, 0x00};
inline constexpr Sense medium_destination_full{Key::illegal_request, 0x3b, 0x0d};
inline constexpr Sense medium_source_empty{Key::illegal_request, 0x3b, 0x0e};
inline constexpr Sense saving_parameters_not_supported{Key::illegal_request, 0x39, 0x00};
inline constexpr Sense medium_removal_prevented{Key::illegal_request, 0x53, 0x02};
inline constexpr Sense insufficient_resources{Key::illegal_request, 0x55, 0x03};
inline constexpr Sense medium_may_have_changed{Key::unit_attention, 0x28, 0x00};
inline constexpr Sense import_export_accessed{Key::unit_attention, 0x28, 0x01};
inline constexpr Sense power_on{Key::unit_attention, 0x29, 0x00};
inline constexpr Sense position_not_at_beginning{Key::illegal_request, 0x3b, 0x0c};
inline constexpr Sense protection_check_failed{Key::aborted_command, 0x10, 0x01};
inline constexpr Sense capacity_data_changed{Key::unit_attention, 0x2a, 0x09};
inline constexpr Sense mode_parameters_changed{Key::unit_attention, 0x2a, 0x01};
inline constexpr Sense inquiry_data_changed{Key::unit_attention, 0x3f, 0x03};
inline constexpr Sense write_protected{Key::data_protect, 0x27, 0x00};
inline constexpr Sense software_write_protected{Key::data_protect, 0x27, 0x02};
inline constexpr Sense space_allocation_failed{Key::data_protect, 0x27, 0x07};
inline constexpr Sense incompatible_format{Key::data_protect, 0x30, 0x05};
inline constexpr Sense worm_overwrite_attempted{Key::data_protect, 0x30, 0x0c};
inline constexpr Sense unable_to_decrypt{Key::data_protect, 0x74, 0x01};
inline constexpr Sense unencrypted_data{Key::data_protect, 0x74, 0x02};
inline constexpr Sense incorrect_encryption_key{Key::data_protect, 0x74, 0x03};
inline constexpr Sense end_of_data_detected{Key::blank_check, 0x00, 0x05};
inline constexpr Sense copy_target_not_reachable{Key::copy_aborted, 0x0d, 0x02};
inline constexpr Sense third_party_device_failure{Key::copy_aborted, 0x0d, 0x01};
inline constexpr Sense copy_segment_failed{Key::copy_aborted, 0x0d, 0x00};
inline constexpr Sense volume_overflow{.key = Key::volume_overflow, .ascq = 0x02, .end_of_medium = true};
inline constexpr Sense miscompare_during_verify{Key::miscompare, 0x1d, 0x00};

}  // namespace sense

}  // namespace tcmud::scsi
