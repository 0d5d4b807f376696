// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/io_status.hpp"

#include <cerrno>

#include <catch2/catch.hpp>

using tcmud::IoStatus;
using tcmud::rbd::io_status;

TEST_CASE("an error of librbd's is to the LUN what it can be mended by") {
    const auto [error, status] = GENERATE(table<int, IoStatus>({
        {0, IoStatus::ok},
        {ENOSPC, IoStatus::no_space},
        {EDQUOT, IoStatus::no_space},
        {EPERM, IoStatus::read_only},
        {EROFS, IoStatus::not_ready},      // Another client has the lock.
        {ESHUTDOWN, IoStatus::not_ready},  // Blocklisted.
        {ETIMEDOUT, IoStatus::not_ready},
        {EOPNOTSUPP, IoStatus::unsupported},
        {EIO, IoStatus::io_error},
        {EINVAL, IoStatus::io_error},
    }));
    CAPTURE(error);
    CHECK(io_status(error) == status);
}
