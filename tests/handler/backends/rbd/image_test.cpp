// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/image.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/handler/backends/rbd/ceph.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::rbd;
using test::rbd_request;
using test::settings_of;
using test::TestImage;

namespace {

constexpr std::uint64_t image_size = 64 << 20;

Result<Image> open(const Settings& settings) {
    return Image::open(settings, Cluster::Patience::bounded, settings.read_only);
}
std::string why_not(const std::string& path) {
    return open(settings_of(rbd_request(path, 0))).error().text;
}

}  // namespace

TEST_CASE("an image has the size, objects and stripes that it was made with") {
    const TestImage made(image_size);
    const auto image = open(settings_of(rbd_request(made.path(), 0)));
    REQUIRE(image);
    CHECK(raw(image->size().value()) == image_size);
    CHECK(raw(image->object_size()) == 4 << 20);
    CHECK(raw(image->stripe_unit()) == 4 << 20);
    made.resize(image_size * 2);
    CHECK(raw(image->size().value()) == image_size * 2);
}

TEST_CASE("a snapshot has the size of its time") {
    TestImage made(image_size);
    made.make_snapshot("before");
    made.resize(image_size * 2);
    CHECK(raw(open(settings_of(rbd_request(made.path() + "@before", 0)))->size().value()) == image_size);
}

TEST_CASE("what is not there is named") {
    const TestImage made(image_size);
    CHECK_THAT(why_not("none/one"), Catch::Contains("no pool 'none'"));
    CHECK_THAT(why_not("rbd/none"), Catch::Contains("no image 'none' in rbd"));
    CHECK_THAT(why_not("rbd/ns/one"), Catch::Contains("pool 'rbd' has no namespace 'ns'"));
    CHECK_THAT(why_not(made.path() + "@none"), Catch::Contains("no snapshot 'none'"));
    CHECK(Image::find(settings_of(rbd_request("rbd/none", 0))).error().number == ENOENT);
    CHECK(Image::find(settings_of(rbd_request(made.path(), 0))));
}

TEST_CASE("an image in a namespace is not the one of that name in the pool") {
    const TestImage outside(image_size);
    const auto pool = outside.ceph().pool();
    REQUIRE(::rbd_namespace_create(pool, "ns") == 0);
    const auto path = "rbd/ns/" + outside.name();
    CHECK_THAT(why_not(path), Catch::Contains("in rbd/ns"));
    ::rados_ioctx_set_namespace(pool, "ns");
    rbd_image_options_t options = nullptr;
    ::rbd_image_options_create(&options);
    CHECK(::rbd_create4(pool, outside.name().c_str(), image_size / 2, options) == 0);
    ::rbd_image_options_destroy(options);
    CHECK(raw(open(settings_of(rbd_request(path, 0)))->size().value()) == image_size / 2);
    ::rbd_remove(pool, outside.name().c_str());
    ::rados_ioctx_set_namespace(pool, "");
    CHECK(::rbd_namespace_remove(pool, "ns") == 0);
}

TEST_CASE("librbd has no cache, unless the image itself is set to have one") {
    const TestImage made(image_size);
    CHECK_FALSE(open(settings_of(rbd_request(made.path(), 0)))->cached());
    made.set_metadata("conf_rbd_cache", "true");
    CHECK(open(settings_of(rbd_request(made.path(), 0)))->cached());
}

TEST_CASE("an encrypted image opens with its passphrase, and is smaller by its header") {
    const TestImage made(image_size);
    const test::TemporaryDirectory directory;
    const std::string right = directory.path() / "right";
    const std::string wrong = directory.path() / "wrong";
    std::ofstream(right) << "correct horse";
    std::ofstream(wrong) << "battery staple";
    const std::string format = GENERATE("luks1", "luks2");
    const std::string other = format == "luks1" ? "luks2" : "luks1";
    made.encrypt(format, right);
    const auto opened = [&](const std::string& as, const std::string& file) {
        return open(
            settings_of(rbd_request(made.path(), 0, {{"encryption", as}, {"passphrase-file", file}})));
    };
    const auto image = opened(format, right);
    REQUIRE(image);
    CHECK(raw(image->size().value()) < image_size);
    CHECK(raw(image->size().value()) > image_size - (32 << 20));
    CHECK_THAT(opened(format, wrong).error().text, Catch::Contains("that is not its passphrase"));
    CHECK_THAT(opened(other, right).error().text, Catch::Contains("no header of that format"));
    CHECK_THAT(opened(format, directory.path() / "none").error().text, Catch::Contains("No such file"));
}
