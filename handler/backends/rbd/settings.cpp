// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/settings.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

namespace tcmud::rbd {

namespace {

constexpr std::array option_infos{
    OptionInfo{"conf", OptionInfo::Kind::text,
               "the cluster's configuration; default: as for Ceph's programs"},
    OptionInfo{"id", OptionInfo::Kind::text, "the user, without 'client.'; default admin"},
    OptionInfo{"osd_op_timeout", OptionInfo::Kind::number,
               "seconds that an operation may wait for the cluster; default 0: as long as it takes"},
    OptionInfo{"readonly", OptionInfo::Kind::flag, "open read-only: a write-protected disk; default off"},
    OptionInfo{"encryption", OptionInfo::Kind::text, "luks1 or luks2: the image is encrypted by librbd"},
    OptionInfo{"passphrase-file", OptionInfo::Kind::text,
               "the file that holds the passphrase of encryption=, and nothing else"},
    OptionInfo{"iops_limit", OptionInfo::Kind::number, "operations per second at most; default 0: no limit"},
    OptionInfo{"bps_limit", OptionInfo::Kind::number, "bytes per second at most; default 0: no limit"},
};

// Options that are Ceph's own under another name.
struct CephOption {
    std::string_view ours;
    std::string_view cephs;
    std::uint64_t most;  // What Ceph's type can hold.
};
// In the order of Ceph's names.
constexpr std::uint64_t most_seconds = 1'000'000'000;
constexpr std::uint64_t most_per_second = 1'000'000'000'000'000'000;
constexpr std::array ceph_options{
    CephOption{"osd_op_timeout", "rados_osd_op_timeout", most_seconds},
    CephOption{"bps_limit", "rbd_qos_bps_limit", most_per_second},
    CephOption{"iops_limit", "rbd_qos_iops_limit", most_per_second},
};

tl::unexpected<Error> no_absolute_path(std::string_view key, std::string_view path) {
    return failure(EINVAL, fmt::format("{0}={1} is no absolute path: write {0}=/path/of/file", key, path));
}

Result<std::optional<Encryption>> encryption_of(const Options& options) {
    const auto format = options.text("encryption");
    const auto file = options.text("passphrase-file");
    if (!format && !file) return std::nullopt;
    if (!format) return failure(EINVAL, "passphrase-file= needs encryption=luks1 or encryption=luks2");
    if (*format != "luks1" && *format != "luks2")
        return failure(EINVAL, fmt::format("encryption={} is unknown: write luks1 or luks2", *format));
    if (!file) return failure(EINVAL, fmt::format("encryption={} needs passphrase-file=PATH", *format));
    if (!file->starts_with('/')) return no_absolute_path("passphrase-file", *file);
    return Encryption{*format == "luks1" ? Encryption::Format::luks1 : Encryption::Format::luks2,
                      std::string(*file)};
}

Result<ClusterSettings> cluster_of(const Options& options) {
    ClusterSettings cluster{std::string(options.text("conf").value_or("")),
                            std::string(options.text("id").value_or("admin")),
                            {}};
    if (!cluster.conf.empty() && !cluster.conf.starts_with('/'))
        return no_absolute_path("conf", cluster.conf);
    if (cluster.id.starts_with("client."))
        return failure(EINVAL, fmt::format("id={0}: write id={1}, without 'client.'", cluster.id,
                                           cluster.id.substr(std::string_view("client.").size())));
    for (const auto& [ours, cephs, most] : ceph_options) {
        const auto value = options.text(ours);
        if (!value) continue;
        // That it is a number has been seen before. A 0 is said to Ceph too: its configuration may have
        // another default.
        const auto digits = value->substr(std::min(value->find_first_not_of('0'), value->size()));
        const auto limit = std::to_string(most);
        if (digits.size() > limit.size() || (digits.size() == limit.size() && digits > limit))
            return failure(EINVAL, fmt::format("{}={} is too large: at most {}", ours, *value, most));
        cluster.options.emplace_back(cephs, digits.empty() ? "0" : digits);
    }
    return cluster;
}

}  // namespace

std::span<const OptionInfo> Settings::options() {
    return option_infos;
}

Result<Settings> Settings::parse(const OpenRequest& request) {
    auto image = ImageName::parse(request.path);
    if (!image) return tl::unexpected(image.error());
    auto cluster = cluster_of(request.options);
    if (!cluster) return tl::unexpected(cluster.error());
    auto encryption = encryption_of(request.options);
    if (!encryption) return tl::unexpected(encryption.error());
    const bool read_only = request.options.flag("readonly", false) || !image->snapshot.empty();
    return Settings{std::move(*image), std::move(*cluster), read_only, std::move(*encryption)};
}

}  // namespace tcmud::rbd
