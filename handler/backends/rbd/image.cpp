// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/image.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "handler/backends/rbd/passphrase.hpp"

namespace tcmud::rbd {

namespace {

tl::unexpected<Error> cannot(int error, const Settings& settings, std::string_view what) {
    const auto name = settings.image.text();
    switch (error) {
        case ETIMEDOUT:
            return failure(error, fmt::format("{}: the cluster's OSDs do not answer: `ceph health detail` "
                                              "tells why",
                                              name));
        case EPERM:
        case EACCES:
            return failure(error, fmt::format("{}: client.{} may not {}: `ceph auth get client.{}` shows its "
                                              "capabilities, 'profile rbd' is enough",
                                              name, settings.cluster.id, what, settings.cluster.id));
        case ESHUTDOWN:
            return failure(error,
                           fmt::format("{}: the cluster has blocklisted this client: `ceph osd blocklist "
                                       "ls` shows until when",
                                       name));
        default: return failure(error, fmt::format("{}: cannot {}: {}", name, what, std::strerror(error)));
    }
}

tl::unexpected<Error> not_decrypted(int error, const Settings& settings) {
    const auto& encryption = *settings.encryption;
    const bool luks1 = encryption.format == Encryption::Format::luks1;
    if (error == EPERM || error == EINVAL) {
        return failure(
            error, fmt::format("{}: cannot be decrypted as {} with passphrase-file={}: {}",
                               settings.image.text(), luks1 ? "luks1" : "luks2", encryption.passphrase_file,
                               error == EPERM ? "that is not its passphrase (a final line end belongs to it)"
                                              : "it has no header of that format"));
    }
    return cannot(error, settings, "decrypt it");
}

int load(rbd_image_t image, Encryption::Format format, std::string_view passphrase) {
    if (format == Encryption::Format::luks1) {
        rbd_encryption_luks1_format_options_t options{RBD_ENCRYPTION_ALGORITHM_AES256, passphrase.data(),
                                                      passphrase.size()};
        return ::rbd_encryption_load(image, RBD_ENCRYPTION_FORMAT_LUKS1, &options, sizeof options);
    }
    rbd_encryption_luks2_format_options_t options{RBD_ENCRYPTION_ALGORITHM_AES256, passphrase.data(),
                                                  passphrase.size()};
    return ::rbd_encryption_load(image, RBD_ENCRYPTION_FORMAT_LUKS2, &options, sizeof options);
}

Result<void> decrypt(rbd_image_t image, const Settings& settings) {
    const auto passphrase = Passphrase::read(settings.encryption->passphrase_file);
    if (!passphrase) return tl::unexpected(passphrase.error());
    const int code = load(image, settings.encryption->format, passphrase->text());
    if (code < 0) return not_decrypted(-code, settings);
    return {};
}

}  // namespace

Result<Image> Image::in_pool(const Settings& settings, Cluster::Patience patience) {
    auto cluster = Cluster::connect(settings.cluster, patience);
    if (!cluster) return tl::unexpected(cluster.error());
    const auto& name = settings.image;
    rados_ioctx_t pool = nullptr;
    const int code = ::rados_ioctx_create((*cluster)->handle(), name.pool.c_str(), &pool);
    if (code == -ENOENT) {
        return failure(ENOENT, fmt::format("{}: the cluster has no pool '{}': `ceph osd pool ls` lists them",
                                           name.text(), name.pool));
    }
    if (code < 0) return cannot(-code, settings, "use its pool");
    Image image(std::move(*cluster), pool);
    if (name.name_space.empty()) return image;
    bool exists = true;
    // Whoever may use a namespace need not be allowed to look for it.
    if (::rbd_namespace_exists(pool, name.name_space.c_str(), &exists) == 0 && !exists) {
        return failure(ENOENT,
                       fmt::format("{0}: pool '{1}' has no namespace '{2}': `rbd namespace ls {1}` lists "
                                   "them",
                                   name.text(), name.pool, name.name_space));
    }
    ::rados_ioctx_set_namespace(pool, name.name_space.c_str());
    return image;
}

Result<void> Image::open_it(const Settings& settings, bool read_only) {
    const auto& name = settings.image;
    const auto* const snapshot = name.snapshot.empty() ? nullptr : name.snapshot.c_str();
    auto* const open = read_only ? &::rbd_open_read_only : &::rbd_open;
    const int code = open(pool_, name.image.c_str(), &image_, snapshot);
    if (code == 0) return {};
    image_ = nullptr;
    if (code == -ENOENT) {
        const auto where =
            fmt::format("{}{}{}", name.pool, name.name_space.empty() ? "" : "/", name.name_space);
        if (snapshot && ::rbd_open_read_only(pool_, name.image.c_str(), &image_, nullptr) == 0) {
            return failure(ENOENT,
                           fmt::format("{0}: the image has no snapshot '{1}': `rbd snap ls {2}/{3}` lists "
                                       "them",
                                       name.text(), name.snapshot, where, name.image));
        }
        return failure(ENOENT,
                       fmt::format("{}: there is no image '{}' in {}: `rbd ls {}` lists them, `rbd create` "
                                   "makes one",
                                   name.text(), name.image, where, where));
    }
    if (code == -ENOSYS || code == -EOPNOTSUPP) {
        return failure(-code,
                       fmt::format("{}: the image has features that this librbd does not know: `rbd info` "
                                   "lists them",
                                   name.text()));
    }
    return cannot(-code, settings, "open it");
}

Result<Image> Image::open(const Settings& settings, Cluster::Patience patience, bool read_only) {
    auto image = in_pool(settings, patience);
    if (!image) return image;
    if (auto opened = image->open_it(settings, read_only); !opened) return tl::unexpected(opened.error());
    if (!settings.encryption) return image;
    if (auto decrypted = decrypt(image->image_, settings); !decrypted)
        return tl::unexpected(decrypted.error());
    return image;
}

Result<void> Image::find(const Settings& settings) {
    auto image = in_pool(settings, Cluster::Patience::bounded);
    if (!image) return tl::unexpected(image.error());
    return image->open_it(settings, true);
}

Image::~Image() {
    if (image_) ::rbd_close(image_);
    if (pool_) ::rados_ioctx_destroy(pool_);
}

Result<ByteCount> Image::size() const {
    std::uint64_t size = 0;
    const int code = ::rbd_get_size(image_, &size);
    if (code < 0)
        return failure(-code, fmt::format("cannot read the image's size: {}", std::strerror(-code)));
    return ByteCount{size};
}

ByteCount Image::object_size() const {
    rbd_image_info_t info{};
    ::rbd_stat(image_, &info, sizeof info);
    return ByteCount{info.obj_size};
}

ByteCount Image::stripe_unit() const {
    std::uint64_t unit = 0;
    ::rbd_get_stripe_unit(image_, &unit);
    return ByteCount{unit};
}

bool Image::cached() const {
    int count = 0;
    // Asked for none, it says how many there are.
    ::rbd_config_image_list(image_, nullptr, &count);
    std::vector<rbd_config_option_t> options(static_cast<std::size_t>(count));
    // If it cannot tell, flushes are not spared.
    if (::rbd_config_image_list(image_, options.data(), &count) < 0) return true;
    bool cached = false;
    for (const auto& option : options)
        cached |= std::string_view(option.name) == "rbd_cache" && std::string_view(option.value) != "false";
    ::rbd_config_image_list_cleanup(options.data(), count);
    return cached;
}

}  // namespace tcmud::rbd
