// SPDX-License-Identifier: Apache-2.0
// Configuration strings: `<subtype>/<path>[;key=value]...`, what configfs calls dev_config.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tcmud/module.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

// What follows the subtype's '/' and belongs to tcmud itself, not to a backend.
struct CommonOptions {
    bool write_cache = true;  // wce=0|1
    bool show_config =
        true;  // The cfgstring in VPD page 83h, as tcmu-runner shows it: vpd_config=off leaves it out.
    std::optional<std::size_t> thread;  // thread=N: this serving thread of its kind; none: any.
    friend bool operator==(const CommonOptions&, const CommonOptions&) = default;
};

struct ParsedConfig {
    std::string path;
    Options options;  // The backend's.
    CommonOptions common;
};

std::string_view subtype_of(std::string_view config);

// Checks form, keys and values. `exists` tells whether a path names a file: where the whole rest does, it is
// the path, semicolons and all.
Result<ParsedConfig> parse_config(std::string_view config, std::span<const OptionInfo> known,
                                  const std::function<bool(const std::string&)>& exists);

// "direct=on|off  bypass the page cache …", a line each; for help texts.
std::string describe(std::span<const OptionInfo> options);

}  // namespace tcmud::daemon
