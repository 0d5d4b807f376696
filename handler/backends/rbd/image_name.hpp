// SPDX-License-Identifier: Apache-2.0
// Which image of a cluster, or which snapshot of it: `pool[/namespace]/image[@snapshot]`, as the rbd command
// writes it.
#pragma once

#include <string>
#include <string_view>

#include "tcmud/result.hpp"

namespace tcmud::rbd {

struct ImageName {
    std::string pool;
    std::string name_space;  // Empty: the pool's own.
    std::string image;
    std::string snapshot;  // Empty: the image itself.

    static Result<ImageName> parse(std::string_view text);
    // What parse() makes the same of.
    std::string text() const;
    friend bool operator==(const ImageName&, const ImageName&) = default;
};

}  // namespace tcmud::rbd
