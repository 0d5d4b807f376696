// SPDX-License-Identifier: Apache-2.0
#include "tests/handler/backends/rbd/ceph.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

namespace {

void require(int code, const std::string& what) {
    if (code < 0) throw std::runtime_error(what + " ended with " + std::to_string(code));
}

}  // namespace

Ceph::Ceph() {
    const auto* const conf = std::getenv("CEPH_CONF");
    if (!conf || ::access(conf, R_OK) != 0) {
        throw std::runtime_error(
            "skipped: there is no Ceph cluster: tests/support/ceph-cluster start DIRECTORY, "
            "and CEPH_CONF=DIRECTORY/ceph.conf");
    }
    require(::rados_create(&cluster_, "admin"), "rados_create");
    require(::rados_conf_read_file(cluster_, nullptr), "rados_conf_read_file");
    require(::rados_connect(cluster_), "rados_connect");
    require(::rados_ioctx_create(cluster_, "rbd", &pool_), "rados_ioctx_create");
}

Ceph::~Ceph() {
    if (pool_) ::rados_ioctx_destroy(pool_);
    ::rados_shutdown(cluster_);
}

TestImage::TestImage(std::uint64_t size) {
    static std::atomic<int> number = 0;
    name_ = "image-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
    rbd_image_options_t options = nullptr;
    ::rbd_image_options_create(&options);
    const int code = ::rbd_create4(ceph_.pool(), name_.c_str(), size, options);
    ::rbd_image_options_destroy(options);
    require(code, "rbd_create4");
}

TestImage::~TestImage() {
    for (const auto& snapshot : snapshots_)
        with([&](rbd_image_t image) { return ::rbd_snap_remove(image, snapshot.c_str()); });
    ::rbd_remove(ceph_.pool(), name_.c_str());
}

void TestImage::with(const std::function<int(rbd_image_t)>& change) const {
    rbd_image_t image = nullptr;
    require(::rbd_open(ceph_.pool(), name_.c_str(), &image, nullptr), "rbd_open");
    const int code = change(image);
    ::rbd_close(image);
    require(code, "what is done to the image");
}

void TestImage::resize(std::uint64_t size) const {
    with([&](rbd_image_t image) { return ::rbd_resize(image, size); });
}

void TestImage::make_snapshot(const std::string& snapshot) {
    with([&](rbd_image_t image) { return ::rbd_snap_create(image, snapshot.c_str()); });
    snapshots_.push_back(snapshot);
}

void TestImage::set_metadata(const std::string& key, const std::string& value) const {
    with([&](rbd_image_t image) { return ::rbd_metadata_set(image, key.c_str(), value.c_str()); });
}

void TestImage::encrypt(const std::string& format, const std::string& passphrase_file) const {
    constexpr std::size_t longest_header = 16 << 20;
    const TemporaryDirectory directory;
    const std::string file = directory.path() / "header";
    std::ofstream(file).close();
    std::filesystem::resize_file(file, 2 * longest_header);
    const auto command =
        "/usr/sbin/cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --type " +
        format + (format == "luks2" ? " --sector-size 4096 " : " ") + file + " " + passphrase_file;
    require(std::system(command.c_str()) == 0 ? 0 : -EIO, command);
    std::string header(longest_header, '\0');
    std::ifstream(file).read(header.data(), static_cast<std::streamsize>(header.size()));
    with([&](rbd_image_t image) {
        return static_cast<int>(::rbd_write(image, 0, header.size(), header.data()));
    });
}

std::vector<std::byte> TestImage::content(std::uint64_t at, std::size_t length) const {
    std::vector<std::byte> bytes(length);
    with([&](rbd_image_t image) {
        return static_cast<int>(::rbd_read(image, at, length, reinterpret_cast<char*>(bytes.data())));
    });
    return bytes;
}

std::uint64_t TestImage::used() const {
    std::uint64_t used = 0;
    with([&](rbd_image_t image) {
        const auto add = [](std::uint64_t, std::size_t length, int exists, void* sum) {
            if (exists) *static_cast<std::uint64_t*>(sum) += length;
            return 0;
        };
        std::uint64_t size = 0;
        ::rbd_get_size(image, &size);
        return ::rbd_diff_iterate2(image, nullptr, 0, size, 0, 1, add, &used);
    });
    return used;
}

}  // namespace tcmud::test
