// SPDX-License-Identifier: Apache-2.0
// Stands for a tape drive or a changer whose backend cannot be opened: it is there, and NOT READY.
#pragma once

#include "handler/devices/primary_device.hpp"

namespace tcmud::devices {

class AbsentDevice final : public PrimaryDevice {
public:
    // The host outlives it.
    AbsentDevice(scsi::DeviceType type, Host& host);

    void execute(Command& command, Reply reply) override;
    void abort(Command&) override {}
    bool idle() const override { return true; }

private:
    scsi::Writer vpd_page(scsi::VpdPage page) override;
    std::uint8_t device_specific_parameter() const override { return 0; }
    void append_block_descriptor(scsi::Writer&, bool) const override {}
    bool accepts_block_descriptor(scsi::Bytes, bool) const override { return false; }
    std::optional<scsi::Sense> not_ready() const override { return scsi::sense::not_ready_cause_unknown; }
};

}  // namespace tcmud::devices
