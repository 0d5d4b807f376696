// SPDX-License-Identifier: Apache-2.0
// INQUIRY data and the vital product data pages that every device type has (SPC-4 6.6 and 7.8).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/identity.hpp"
#include "handler/scsi/opcode.hpp"

namespace tcmud::scsi {

enum class VpdPage : std::uint8_t {
    supported_pages = 0x00,
    unit_serial_number = 0x80,
    device_identification = 0x83,
    extended_inquiry = 0x86,
    // Of disks.
    block_limits = 0xb0,
    block_device_characteristics = 0xb1,
    logical_block_provisioning = 0xb2,
    // Of sequential-access devices.
    sequential_access_capabilities = 0xb0,
    manufacturer_serial_number = 0xb1,
    tape_alert_supported_flags = 0xb2,
    automation_device_serial_number = 0xb3,
    data_transfer_device_element_address = 0xb4,
    logical_block_protection = 0xb5,
};

struct InquiryTraits {
    DeviceType type = DeviceType::disk;
    bool removable = false;
    bool third_party_copy = false;                         // 3PC
    std::span<const std::uint16_t> version_descriptors{};  // SPC-4 table 142; at most 8.
    // The T10 vendor ID designator: tcmu-runner's, of vendor and serial, or with the product between, as
    // changers name their drives.
    bool product_in_designator = false;
};

// 96 bytes.
Writer standard_inquiry(const Identity& identity, const InquiryTraits& traits);

// Starts a page: its header, with a length that finish_vpd() fills in.
Writer begin_vpd(DeviceType type, VpdPage page);
void finish_vpd(Writer& page);

Writer supported_pages(DeviceType type, std::span<const VpdPage> pages);
Writer unit_serial_number(const Identity& identity, DeviceType type);
// serial: what the NAA designator is made of.
Writer device_identification(const Identity& identity, const InquiryTraits& traits, std::string_view serial);
// Vendor, product and serial: that designator, and what READ ELEMENT STATUS tells of a drive.
std::string t10_vendor_id(const Identity& identity);
Writer extended_inquiry(DeviceType type);

}  // namespace tcmud::scsi
