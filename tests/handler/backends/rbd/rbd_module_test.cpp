// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"
#include "tests/handler/backends/rbd/ceph.hpp"

using namespace tcmud;
using namespace tcmud::test;

TEST_CASE("the module serves the subtype of tcmu-runner's handler") {
    CHECK(module("rbd").subtype() == "rbd");
    CHECK(module("rbd").kind("rbd") == LunKind::disk);
}

TEST_CASE("check says whether an image can be a LUN of that size, and changes nothing") {
    const TestImage image(4 * mib);
    const auto& rbd = module("rbd");
    CHECK(rbd.check(rbd_request(image.path(), 4 * mib)));
    CHECK(rbd.check(rbd_request(image.path(), 0)));
    CHECK_THAT(rbd.check(rbd_request(image.path(), 5 * mib)).error().text,
               Catch::Contains("the image has 4194304 bytes, the LUN needs 5242880: `rbd resize`"));
    CHECK(rbd.check(rbd_request("one", mib)).error().number == EINVAL);
    CHECK(image.used() == 0);
}
