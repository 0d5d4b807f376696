// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/image_name.hpp"

#include <cerrno>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace tcmud::rbd {

namespace {

// What stands before the first separator, and what behind it, if there is one.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

Result<ImageName> ImageName::parse(std::string_view text) {
    const auto wrong = [&](std::string_view what) {
        return failure(EINVAL,
                       fmt::format("'{}': {}: write rbd/POOL[/NAMESPACE]/IMAGE[@SNAPSHOT]", text, what));
    };
    const auto last_slash = text.rfind('/');
    if (last_slash == std::string_view::npos) return wrong("has no '/' between pool and image");
    const auto before = text.substr(0, last_slash);
    const auto behind = text.substr(last_slash + 1);
    ImageName name;
    std::tie(name.pool, name.name_space) = cut(before, '/');
    std::tie(name.image, name.snapshot) = cut(behind, '@');
    if (name.pool.empty()) return wrong("names no pool");
    if (before.find('/') != std::string_view::npos && name.name_space.empty())
        return wrong("has an empty name of a namespace");
    if (name.name_space.find('/') != std::string::npos) return wrong("has too many slashes");
    if (before.find('@') != std::string_view::npos || name.snapshot.find('@') != std::string::npos)
        return wrong("has an '@' that is not before the snapshot");
    if (name.image.empty()) return wrong("names no image");
    if (behind.find('@') != std::string_view::npos && name.snapshot.empty())
        return wrong("has an empty name of a snapshot");
    return name;
}

std::string ImageName::text() const {
    return fmt::format("{}/{}{}{}{}{}", pool, name_space, name_space.empty() ? "" : "/", image,
                       snapshot.empty() ? "" : "@", snapshot);
}

}  // namespace tcmud::rbd
