// SPDX-License-Identifier: Apache-2.0
// What a LUN's cfgstring says of its image, its cluster and how it is used.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "handler/backends/rbd/image_name.hpp"
#include "tcmud/module.hpp"
#include "tcmud/result.hpp"

namespace tcmud::rbd {

// What LUNs must agree in to share one connection: librados' configuration belongs to the connection, so what
// a LUN changes in it is part of this.
struct ClusterSettings {
    std::string conf;                                          // Empty: where Ceph's own programs look.
    std::string id;                                            // The user, without "client.".
    std::vector<std::pair<std::string, std::string>> options;  // Of Ceph's configuration, sorted.
    friend auto operator<=>(const ClusterSettings&, const ClusterSettings&) = default;
};

struct Encryption {
    enum class Format : std::uint8_t { luks1, luks2 };
    Format format = Format::luks2;
    std::string passphrase_file;
};

struct Settings {
    ImageName image;
    ClusterSettings cluster;
    bool read_only = false;
    std::optional<Encryption> encryption;

    // What parse() knows.
    static std::span<const OptionInfo> options();
    static Result<Settings> parse(const OpenRequest& request);
};

}  // namespace tcmud::rbd
