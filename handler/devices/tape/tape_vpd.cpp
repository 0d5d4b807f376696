// SPDX-License-Identifier: Apache-2.0
// The vital product data pages of a tape drive (SSC-5 8.6).
#include <array>

#include "handler/devices/tape/block_protection.hpp"
#include "handler/devices/tape/tape_device.hpp"
#include "handler/devices/tape/tape_pages.hpp"

namespace tcmud::devices {

namespace {

using scsi::VpdPage;

constexpr std::array tape_pages{
    VpdPage::supported_pages,
    VpdPage::unit_serial_number,
    VpdPage::device_identification,
    VpdPage::extended_inquiry,
    VpdPage::sequential_access_capabilities,
    VpdPage::manufacturer_serial_number,
    VpdPage::tape_alert_supported_flags,
    VpdPage::logical_block_protection,
};
constexpr std::array library_drive_pages{
    VpdPage::supported_pages,
    VpdPage::unit_serial_number,
    VpdPage::device_identification,
    VpdPage::extended_inquiry,
    VpdPage::sequential_access_capabilities,
    VpdPage::manufacturer_serial_number,
    VpdPage::tape_alert_supported_flags,
    VpdPage::automation_device_serial_number,
    VpdPage::data_transfer_device_element_address,
    VpdPage::logical_block_protection,
};

}  // namespace

std::span<const VpdPage> tape_vpd_pages(bool in_library) {
    return in_library ? std::span<const VpdPage>(library_drive_pages) : tape_pages;
}

scsi::Writer TapeDevice::vpd_page(VpdPage page) {
    auto data = scsi::begin_vpd(scsi::DeviceType::tape, page);
    switch (page) {
        case VpdPage::sequential_access_capabilities:
            data.u8(0x01).zeros(3);  // WORM: cartridges that are can be used.
            break;
        case VpdPage::manufacturer_serial_number: data.text(serial()); break;
        case VpdPage::tape_alert_supported_flags: data.u64(raised_tape_alerts); break;
        case VpdPage::automation_device_serial_number: data.text(backend_.automation()->serial); break;
        case VpdPage::data_transfer_device_element_address:
            data.u16(backend_.automation()->element_address);
            break;
        default:
            data.zeros(4);
            data.u8(4).u8(protection_method).u8(protection_length).u8(0xc0).zeros(1);
            break;
    }
    scsi::finish_vpd(data);
    return data;
}

}  // namespace tcmud::devices
