// SPDX-License-Identifier: Apache-2.0
// The mode pages and vital product data pages of a tape drive.
#pragma once

#include <cstdint>
#include <span>

#include "handler/scsi/inquiry.hpp"
#include "handler/scsi/mode_pages.hpp"

namespace tcmud::devices {

namespace mode_page {
inline constexpr std::uint8_t control = 0x0a;
inline constexpr std::uint8_t compression = 0x0f;
inline constexpr std::uint8_t device_configuration = 0x10;
inline constexpr std::uint8_t medium_partition = 0x11;
inline constexpr std::uint8_t medium_configuration = 0x1d;
// Subpages.
inline constexpr std::uint8_t data_protection = 0xf0;  // Of the control page.
inline constexpr std::uint8_t extension = 0x01;        // Of the device configuration page.
}  // namespace mode_page

// Of a drive that makes so many partitions at most.
std::span<const scsi::ModePageInfo> tape_mode_pages(std::uint8_t most_partitions);
// in_library: it has a changer, and tells which.
std::span<const scsi::VpdPage> tape_vpd_pages(bool in_library);

}  // namespace tcmud::devices
