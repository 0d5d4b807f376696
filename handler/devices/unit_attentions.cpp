// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/unit_attentions.hpp"

#include <algorithm>

namespace tcmud::devices {

void UnitAttentions::raise(const scsi::Sense& attention) {
    const auto end = pending_.begin() + count_;
    if (std::find(pending_.begin(), end, attention) != end) return;
    if (count_ == limit) static_cast<void>(take());
    pending_[count_++] = attention;
}

std::optional<scsi::Sense> UnitAttentions::take() {
    if (count_ == 0) return std::nullopt;
    const auto first = pending_[0];
    std::shift_left(pending_.begin(), pending_.end(), 1);
    --count_;
    return first;
}

}  // namespace tcmud::devices
