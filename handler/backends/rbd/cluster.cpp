// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/cluster.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace tcmud::rbd {

namespace {

// Check has five seconds for all that it does.
constexpr auto connect_patience_s = "3";
constexpr auto operation_patience_s = "2";

using Handle = std::unique_ptr<void, decltype(&::rados_shutdown)>;

std::string conf_of(const ClusterSettings& settings) {
    return settings.conf.empty() ? "Ceph's configuration" : settings.conf;
}

Result<void> read_conf(rados_t handle, const ClusterSettings& settings) {
    const auto* const path = settings.conf.empty() ? nullptr : settings.conf.c_str();
    if (path && ::access(path, R_OK) != 0) {
        const int error = errno;
        return failure(error, fmt::format("conf={}: cannot read: {}", path, std::strerror(error)));
    }
    const int code = ::rados_conf_read_file(handle, path);
    if (code == 0) return {};
    if (!path && code == -ENOENT) {
        return failure(ENOENT,
                       "there is no /etc/ceph/ceph.conf: install ceph-common and the cluster's "
                       "configuration, or name it with conf=PATH");
    }
    return failure(
        -code, fmt::format("{} is no configuration of Ceph: {}", conf_of(settings), std::strerror(-code)));
}

Result<void> set(rados_t handle, const std::string& option, const std::string& value) {
    const int code = ::rados_conf_set(handle, option.c_str(), value.c_str());
    if (code == 0) return {};
    return failure(-code, fmt::format("Ceph does not take {}={}: {}", option, value, std::strerror(-code)));
}

// Behind the configuration's file, which it overrides.
Result<void> configure(rados_t handle, const ClusterSettings& settings, Cluster::Patience patience) {
    auto options = settings.options;
    // A cache of librbd's own would be lost with the process, and initiators have theirs.
    options.emplace_back("rbd_cache", "false");
    options.emplace_back("client_mount_timeout", connect_patience_s);
    if (patience == Cluster::Patience::bounded) {
        options.emplace_back("rados_mon_op_timeout", operation_patience_s);
        options.emplace_back("rados_osd_op_timeout", operation_patience_s);
    }
    for (const auto& [option, value] : options) {
        if (auto done = set(handle, option, value); !done) return done;
    }
    return {};
}

tl::unexpected<Error> cannot_connect(int error, const ClusterSettings& settings) {
    switch (error) {
        case ETIMEDOUT:
            return failure(error,
                           fmt::format("no monitor of the cluster in {} answers within {} s: is it up, "
                                       "and are its 'mon host' lines right?",
                                       conf_of(settings), connect_patience_s));
        case ENOENT:
        case EINVAL:
            return failure(error,
                           fmt::format("{} names no monitor ('mon host'), or there is no key for client.{} "
                                       "('keyring')",
                                       conf_of(settings), settings.id));
        case EPERM:
        case EACCES:
        case EOPNOTSUPP:
            return failure(error, fmt::format("the cluster refuses client.{}: its key ('keyring') is not the "
                                              "cluster's",
                                              settings.id));
        default:
            return failure(error, fmt::format("cannot connect to the cluster in {}: {}", conf_of(settings),
                                              std::strerror(error)));
    }
}

Result<std::shared_ptr<Cluster>> connect_anew(const ClusterSettings& settings, Cluster::Patience patience) {
    rados_t created = nullptr;
    const int made = ::rados_create(&created, settings.id.c_str());
    if (made < 0)
        return failure(-made, fmt::format("cannot make a client of Ceph: {}", std::strerror(-made)));
    Handle handle(created, &::rados_shutdown);
    // What goes wrong we say ourselves, in one line.
    for (const auto* channel : {"log_to_stderr", "err_to_stderr"}) {
        if (auto done = set(created, channel, "false"); !done) return tl::unexpected(done.error());
    }
    if (auto done = read_conf(created, settings); !done) return tl::unexpected(done.error());
    if (auto done = configure(created, settings, patience); !done) return tl::unexpected(done.error());
    const int connected = ::rados_connect(created);
    if (connected < 0) return cannot_connect(-connected, settings);
    return std::make_shared<Cluster>(handle.release());
}

// A connection that somebody has, or is making: others with the same settings wait for it, and nobody else.
struct Shared {
    std::mutex mutex;
    std::weak_ptr<Cluster> cluster;
};

class Registry {
public:
    using Key = std::pair<ClusterSettings, Cluster::Patience>;

    std::shared_ptr<Shared> of(const Key& key) {
        const std::lock_guard lock(mutex_);
        // Those that nobody has any more.
        std::erase_if(all_, [](const auto& entry) {
            return entry.second.use_count() == 1 && entry.second->cluster.expired();
        });
        auto& shared = all_[key];
        if (!shared) shared = std::make_shared<Shared>();
        return shared;
    }

private:
    std::mutex mutex_;
    std::map<Key, std::shared_ptr<Shared>> all_;
};

}  // namespace

Result<std::shared_ptr<Cluster>> Cluster::connect(const ClusterSettings& settings, Patience patience) {
    static Registry registry;
    const auto shared = registry.of({settings, patience});
    const std::lock_guard lock(shared->mutex);
    if (auto cluster = shared->cluster.lock()) return cluster;
    auto cluster = connect_anew(settings, patience);
    if (cluster) shared->cluster = *cluster;
    return cluster;
}

}  // namespace tcmud::rbd
