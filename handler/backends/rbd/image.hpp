// SPDX-License-Identifier: Apache-2.0
// An image that is open: found, decrypted if it is to be, closed with the object.
#pragma once

#include <memory>
#include <utility>

#include <rados/librados.h>
#include <rbd/librbd.h>

#include "handler/backends/rbd/cluster.hpp"
#include "handler/backends/rbd/settings.hpp"
#include "tcmud/result.hpp"
#include "tcmud/units.hpp"

namespace tcmud::rbd {

class Image {
public:
    // read_only: whatever the settings say. May block, for two seconds where there is a passphrase, which is
    // tried.
    static Result<Image> open(const Settings& settings, Cluster::Patience patience, bool read_only);
    // The same as far as that there is such an image, without its passphrase. Takes a few seconds at most.
    static Result<void> find(const Settings& settings);

    Image(Image&& other) noexcept
        : cluster_(std::move(other.cluster_)),
          pool_(std::exchange(other.pool_, nullptr)),
          image_(std::exchange(other.image_, nullptr)) {}
    Image& operator=(Image&& other) noexcept {
        std::swap(cluster_, other.cluster_);
        std::swap(pool_, other.pool_);
        std::swap(image_, other.image_);
        return *this;
    }
    // May block: it waits for the cluster.
    ~Image();

    rbd_image_t handle() const { return image_; }
    // As the cluster has it now; of an image that was opened read-only, as it was then. May block.
    Result<ByteCount> size() const;
    // Of its objects, and what is written to one of them before the next.
    ByteCount object_size() const;
    ByteCount stripe_unit() const;
    // Whether librbd keeps written data in a cache: the image's or its pool's own settings may say so.
    bool cached() const;

private:
    Image(std::shared_ptr<Cluster> cluster, rados_ioctx_t pool) : cluster_(std::move(cluster)), pool_(pool) {}

    static Result<Image> in_pool(const Settings& settings, Cluster::Patience patience);
    Result<void> open_it(const Settings& settings, bool read_only);

    std::shared_ptr<Cluster> cluster_;
    rados_ioctx_t pool_;
    rbd_image_t image_ = nullptr;
};

}  // namespace tcmud::rbd
