// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/io_status.hpp"

#include <cerrno>

namespace tcmud::rbd {

IoStatus io_status(int error) {
    switch (error) {
        case 0: return IoStatus::ok;
        case ENOSPC:
        case EDQUOT: return IoStatus::no_space;  // The cluster is full, or the pool's quota is used up.
        case EPERM:
        case EACCES:
            return IoStatus::read_only;  // Its user may not.
        // Not of images that were opened read-only, which nobody writes to: another client has the image's
        // lock to itself.
        case EROFS:
        case ESHUTDOWN:  // This client was blocklisted, as whoever takes the lock away by force does.
        case ETIMEDOUT:  // osd_op_timeout
        case ENOTCONN:
        case EHOSTUNREACH:
        case ENETUNREACH: return IoStatus::not_ready;
        case EOPNOTSUPP:
        case ENOSYS: return IoStatus::unsupported;
        default: return IoStatus::io_error;
    }
}

}  // namespace tcmud::rbd
