// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/served_lun.hpp"

#include <utility>

namespace tcmud::serving {

namespace {

BlockBackend& started(BlockBackend& backend, Loop& loop) {
    backend.start(loop.io());
    return backend;
}

}  // namespace

ServedLun::ServedLun(Parts parts, Loop& loop, LunDirectory& directory, Session::Events events)
    : name_(std::move(parts.name)),
      directory_(directory),
      host_(std::move(parts.host)),
      backend_(std::move(parts.backend)),
      timed_(started(backend(), loop), loop.clock()),
      device_(std::in_place, timed_, parts.settings, *host_),
      session_(std::move(parts.uio), std::move(parts.ring), *device_, loop, std::move(events)) {
    directory_.add(name_, {&loop, &session_, &*device_});
    session_.start();
}

OpenedBackend ServedLun::leave() {
    directory_.remove(name_);
    session_.leave();
    device_.reset();
    return std::move(backend_);
}

}  // namespace tcmud::serving
