// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/served_lun.hpp"

#include <cerrno>
#include <utility>

namespace tcmud::serving {

ServedLun::ServedLun(Parts parts, Loop& loop, LunDirectory& directory, Session::Events events)
    : name_(std::move(parts.name)),
      directory_(directory),
      host_(std::move(parts.host)),
      unit_(ServedUnit::make(std::move(parts.backend), parts.settings, *host_, loop)),
      session_(std::move(parts.uio), std::move(parts.ring), unit_->device(), loop, std::move(events)) {
    if (auto* const disk = unit_->disk()) directory_.add(name_, {&loop, &session_, disk});
    session_.start();
}

OpenedBackend ServedLun::leave() {
    directory_.remove(name_);
    session_.leave();
    return unit_->leave();
}

Result<void> ServedLun::resize(ByteCount size) {
    auto* const blocks = unit_->blocks();
    if (!blocks) return failure(EOPNOTSUPP, "only disks have a size: a tape's is that of its cartridges");
    return blocks->resize(size);
}

void ServedLun::capacity_changed() {
    if (auto* const disk = unit_->disk()) disk->capacity_changed();
}

void ServedLun::set_write_cache(bool on) {
    if (auto* const disk = unit_->disk()) disk->set_write_cache(on);
}

}  // namespace tcmud::serving
