// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/contract.hpp"
#include "tests/handler/backends/rbd/ceph.hpp"

namespace tcmud::test {

void for_each_backend(const std::function<void(Opened&)>& check) {
    SECTION("rbd") {
        const TestImage image(disk_size);
        Opened rbd("rbd", rbd_request(image.path(), disk_size));
        check(rbd);
    }
}

}  // namespace tcmud::test
