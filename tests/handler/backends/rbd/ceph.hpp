// SPDX-License-Identifier: Apache-2.0
// The cluster of tests/support/ceph-cluster, and images in it that are gone when their test ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <rados/librados.h>
#include <rbd/librbd.h>

#include "handler/backends/rbd/settings.hpp"
#include "tcmud/module.hpp"

namespace tcmud::test {

// A test's own view of the cluster. Throws where there is none: ctest then takes the test as skipped.
class Ceph {
public:
    Ceph();
    Ceph(const Ceph&) = delete;
    Ceph& operator=(const Ceph&) = delete;
    ~Ceph();

    rados_t cluster() const { return cluster_; }
    rados_ioctx_t pool() const { return pool_; }

private:
    rados_t cluster_ = nullptr;
    rados_ioctx_t pool_ = nullptr;
};

// In the pool `rbd`, with Ceph's default features.
class TestImage {
public:
    explicit TestImage(std::uint64_t size);
    TestImage(const TestImage&) = delete;
    TestImage& operator=(const TestImage&) = delete;
    ~TestImage();

    const Ceph& ceph() const { return ceph_; }
    const std::string& name() const { return name_; }
    // What stands behind "rbd/" in a cfgstring.
    std::string path() const { return "rbd/" + name_; }

    void resize(std::uint64_t size) const;
    void make_snapshot(const std::string& snapshot);
    void set_metadata(const std::string& key, const std::string& value) const;
    // As `rbd encryption format` does it, but with a key that is derived in no time. format: luks1 or luks2.
    void encrypt(const std::string& format, const std::string& passphrase_file) const;
    std::vector<std::byte> content(std::uint64_t at, std::size_t length) const;
    // How much of it takes space.
    std::uint64_t used() const;

private:
    void with(const std::function<int(rbd_image_t)>& change) const;

    Ceph ceph_;
    std::string name_;
    std::vector<std::string> snapshots_;
};

// As the daemon has them of a cfgstring.
inline OpenRequest rbd_request(const std::string& path, std::uint64_t size,
                               std::initializer_list<std::pair<std::string, std::string>> options = {}) {
    OpenRequest request{
        .subtype = "rbd", .path = path, .options = {}, .size = ByteCount{size}, .block_size = {}};
    for (const auto& [key, value] : options) request.options.set(key, value);
    return request;
}
inline rbd::Settings settings_of(const OpenRequest& request) {
    return rbd::Settings::parse(request).value();
}

}  // namespace tcmud::test
