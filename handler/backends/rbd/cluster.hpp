// SPDX-License-Identifier: Apache-2.0
// A connection to a Ceph cluster. All LUNs whose settings for it are the same share one.
#pragma once

#include <memory>

#include <rados/librados.h>

#include "handler/backends/rbd/settings.hpp"
#include "tcmud/result.hpp"

namespace tcmud::rbd {

class Cluster {
public:
    // What the connection is for.
    enum class Patience : bool {
        bounded,  // To look whether something can be opened: everything fails that takes longer than seconds.
        as_it_says  // To serve: it waits as long as the settings say.
    };
    // That which somebody has already, or a new one. Fails within seconds where no monitor answers.
    static Result<std::shared_ptr<Cluster>> connect(const ClusterSettings& settings, Patience patience);

    explicit Cluster(rados_t handle) : handle_(handle) {}
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    // May block.
    ~Cluster() { ::rados_shutdown(handle_); }

    rados_t handle() const { return handle_; }

private:
    rados_t handle_;
};

}  // namespace tcmud::rbd
