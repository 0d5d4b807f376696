// SPDX-License-Identifier: Apache-2.0
// The vital product data pages of disks (SBC-3 6.6).
#include <algorithm>
#include <limits>

#include "handler/devices/block/block_device.hpp"
#include "handler/devices/block/limits.hpp"

namespace tcmud::devices {

namespace {

constexpr std::size_t page_end = 64;  // Of pages B0h and B1h.

struct BlockLimits {
    BlockSize block_size;
    std::uint32_t in_blocks(ByteCount bytes) const {
        return static_cast<std::uint32_t>(
            std::min<std::uint64_t>(raw(bytes / block_size), std::numeric_limits<std::uint32_t>::max()));
    }
};

// SBC-3 6.6.4
scsi::Writer block_limits(const BlockSettings& settings, const BlockTraits& traits) {
    const BlockLimits limits{settings.block_size};
    auto page = scsi::begin_vpd(scsi::DeviceType::disk, scsi::VpdPage::block_limits);
    page.u8(0x01);  // WSNZ: WRITE SAME of zero blocks is refused
    page.u8(compare_and_write_blocks);
    const auto physical = limits.in_blocks(traits.physical_block);
    page.u16(physical > 1 ? std::min(physical, 0xffffu) : 0);  // OPTIMAL TRANSFER LENGTH GRANULARITY
    page.u32(limits.in_blocks(settings.largest_transfer));
    page.u32(
        std::min(limits.in_blocks(traits.optimal_transfer), limits.in_blocks(settings.largest_transfer)));
    page.u32(0);  // MAXIMUM PREFETCH LENGTH
    page.u32(traits.unmap ? unmap_blocks : 0).u32(traits.unmap ? unmap_descriptors : 0);
    const auto granularity = traits.unmap ? limits.in_blocks(traits.unmap_granularity) : 0;
    page.u32(granularity).u32(granularity != 0 ? 0x8000'0000u : 0);  // UGAVALID, aligned at block 0
    page.u64(write_same_blocks);
    page.zeros(page_end - page.size());
    scsi::finish_vpd(page);
    return page;
}

// SBC-3 6.6.2
scsi::Writer characteristics(const BlockTraits& traits) {
    constexpr unsigned not_rotating = 1;
    auto page = scsi::begin_vpd(scsi::DeviceType::disk, scsi::VpdPage::block_device_characteristics);
    page.u16(traits.rotational ? 0 : not_rotating);
    page.zeros(page_end - page.size());
    scsi::finish_vpd(page);
    return page;
}

// SBC-3 6.6.5
scsi::Writer provisioning(const BlockTraits& traits) {
    auto page = scsi::begin_vpd(scsi::DeviceType::disk, scsi::VpdPage::logical_block_provisioning);
    constexpr unsigned unmap_and_write_same = 0xe0;  // LBPU, LBPWS, LBPWS10
    constexpr unsigned reads_zero = 0x04;            // LBPRZ
    constexpr unsigned thin = 2;
    page.u8(0);
    page.u8(traits.unmap ? unmap_and_write_same | (traits.unmap_reads_zero ? reads_zero : 0) : 0);
    page.u8(traits.unmap ? thin : 0).u8(0);
    scsi::finish_vpd(page);
    return page;
}

}  // namespace

scsi::Writer BlockDevice::vpd_page(scsi::VpdPage page) {
    switch (page) {
        case scsi::VpdPage::block_limits: return block_limits(settings_, traits_);
        case scsi::VpdPage::block_device_characteristics: return characteristics(traits_);
        default: return provisioning(traits_);
    }
}

}  // namespace tcmud::devices
