// SPDX-License-Identifier: Apache-2.0
// What initiators must be told before their next command is executed (SAM-5 5.14). The ring does not name
// initiators, so each is told once per device, to whoever asks first.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "handler/scsi/sense.hpp"

namespace tcmud::devices {

class UnitAttentions {
public:
    static constexpr std::size_t limit = 8;

    // Does nothing if it is pending already. With more than `limit` pending, the oldest is forgotten.
    void raise(const scsi::Sense& attention);
    bool empty() const { return count_ == 0; }
    std::optional<scsi::Sense> take();
    void clear() { count_ = 0; }
    std::span<const scsi::Sense> pending() const { return std::span(pending_).first(count_); }

private:
    std::array<scsi::Sense, limit> pending_{};
    std::size_t count_ = 0;
};

}  // namespace tcmud::devices
