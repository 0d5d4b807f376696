// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/rbd.hpp"

#include <poll.h>

#include <algorithm>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"
#include "tests/handler/backends/rbd/ceph.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

constexpr std::uint64_t size = 16 * mib;
constexpr std::uint64_t object_size = 4 * mib;

}  // namespace

TEST_CASE("what is written to the LUN is in the image") {
    const TestImage image(size);
    Opened lun("rbd", rbd_request(image.path(), size));
    const auto data = pattern(mib, 3);
    CHECK(lun.write(object_size - mib / 2, data).status == IoStatus::ok);
    CHECK(image.content(object_size - mib / 2, mib) == data);
}

TEST_CASE("an image is a disk that gives back space and keeps nothing in a cache") {
    const TestImage image(size);
    Opened lun("rbd", rbd_request(image.path(), size));
    const auto traits = lun->traits();
    CHECK_FALSE(traits.read_only);
    CHECK_FALSE(traits.volatile_cache);
    CHECK((traits.unmap && traits.unmap_reads_zero && traits.write_zeroes));
    CHECK(raw(traits.unmap_granularity) == 65536);
    CHECK(raw(traits.optimal_transfer) == object_size);
}

TEST_CASE("what is unmapped takes no space any more, but what is only zeroed does") {
    const TestImage image(size);
    Opened lun("rbd", rbd_request(image.path(), size));
    lun.write(0, pattern(2 * object_size, 1));
    CHECK(image.used() == 2 * object_size);
    CHECK(lun.write_zeroes(0, object_size, false).status == IoStatus::ok);
    CHECK(image.used() == 2 * object_size);
    CHECK(lun.unmap(0, object_size).status == IoStatus::ok);
    CHECK(image.used() == object_size);
    CHECK(lun.write_zeroes(object_size, object_size, true).status == IoStatus::ok);
    CHECK(image.used() == 0);
    CHECK(lun.read(0, mib) == std::vector<std::byte>(mib));
}

TEST_CASE("many operations may be under way, and their ends are told by a descriptor") {
    const TestImage image(size);
    Opened lun("rbd", rbd_request(image.path(), size));
    std::vector<std::byte> data = pattern(size, 9);
    std::vector<Opened::Waiting> waiting(200);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        const iovec piece{&data[i * 4096], 4096};
        lun->write(ByteOffset{i * 4096}, {&piece, 1}, Stable::no, Opened::begin(waiting[i]));
    }
    const auto all = [&] { return std::ranges::all_of(waiting, &Opened::Waiting::answered); };
    while (!all()) {
        pollfd ended{lun->event_fd().value(), POLLIN, 0};
        REQUIRE(::poll(&ended, 1, 20000) == 1);
        lun->reap();
    }
    for (const auto& each : waiting) {
        CHECK(each.answer.status == IoStatus::ok);
        CHECK(each.answer.bytes == 4096);
    }
    data.resize(waiting.size() * 4096);
    CHECK(lun.read(0, data.size()) == data);
}

TEST_CASE("a snapshot is a write-protected disk as it was") {
    TestImage image(size);
    const auto before = pattern(mib, 1);
    Opened lun("rbd", rbd_request(image.path(), size));
    lun.write(0, before);
    image.make_snapshot("monday");
    lun.write(0, pattern(mib, 2));
    {
        Opened snapshot("rbd", rbd_request(image.path() + "@monday", size));
        CHECK(snapshot->traits().read_only);
        CHECK_FALSE(snapshot->traits().unmap);
        CHECK(snapshot.read(0, mib) == before);
    }
    Opened same("rbd", rbd_request(image.path(), size, {{"readonly", "on"}}));
    CHECK(same->traits().read_only);
    CHECK(same.read(0, mib) == pattern(mib, 2));
}

TEST_CASE("a LUN grows as far as its image has grown") {
    const auto readonly = GENERATE("off", "on");
    const TestImage image(size);
    Opened lun("rbd", rbd_request(image.path(), size, {{"readonly", readonly}}));
    const auto refused = lun->resize(ByteCount{2 * size});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().text, Catch::Contains("`rbd resize`"));
    CHECK(raw(lun->size()) == size);
    image.resize(2 * size);
    CHECK(lun->resize(ByteCount{2 * size}));
    CHECK(raw(lun->size()) == 2 * size);
    CHECK(lun.read(2 * size - mib, mib) == std::vector<std::byte>(mib));
}

TEST_CASE("an image that was made smaller ends early, and is not filled with zeros") {
    const TestImage image(size);
    Opened lun("rbd", rbd_request(image.path(), size));
    image.resize(size / 2);
    std::vector<std::byte> bytes(mib);
    // librbd was told before resize() returned, and looks at the new size when it is next used.
    lun.read(0, bytes);
    CHECK(lun.read(size / 2 - mib / 2, bytes).bytes == mib / 2);
    CHECK(lun.read(size / 2 + mib, bytes).bytes == 0);
    CHECK(lun.write(size / 2 + mib, pattern(4096, 1)).status == IoStatus::io_error);
}

TEST_CASE("where the image is set to have a cache, a stable write is in the image all the same") {
    const TestImage image(size);
    image.set_metadata("conf_rbd_cache", "true");
    image.set_metadata("conf_rbd_cache_policy", "writeback");
    image.set_metadata("conf_rbd_cache_writethrough_until_flush", "false");
    Opened lun("rbd", rbd_request(image.path(), size));
    CHECK(lun->traits().volatile_cache);
    const auto written = lun.write(0, pattern(4096, 1), Stable::yes);
    CHECK(written.status == IoStatus::ok);
    CHECK(written.bytes == 4096);
    CHECK(image.used() != 0);
}

TEST_CASE("an encrypted image reads as what was written, and stores something else") {
    const TestImage image(64 * mib);
    const test::TemporaryDirectory directory;
    const std::string file = directory.path() / "passphrase";
    std::ofstream(file) << "correct horse";
    const std::string format = GENERATE("luks1", "luks2");
    image.encrypt(format, file);
    const auto data = pattern(mib, 1);
    const auto request =
        rbd_request(image.path(), 32 * mib, {{"encryption", format}, {"passphrase-file", file}});
    {
        Opened lun("rbd", request);
        CHECK(lun.write(mib, data).status == IoStatus::ok);
        CHECK(lun.read(mib, mib) == data);
        CHECK(lun.unmap(mib, 65536).status == IoStatus::ok);
        CHECK(lun.read(mib, 65536) == std::vector<std::byte>(65536));
        lun.write(mib, data);
    }
    const auto stored = image.content(0, 64 * mib);
    CHECK(std::search(stored.begin(), stored.end(), data.begin(), data.begin() + 64) == stored.end());
    Opened again("rbd", request);
    CHECK(again.read(mib, mib) == data);
}
