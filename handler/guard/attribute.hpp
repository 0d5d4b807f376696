// SPDX-License-Identifier: Apache-2.0
// An attribute of configfs as the number that is written to it. Reading and writing may block.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "tcmud/result.hpp"

namespace tcmud::guard {

// Some are read as words: action/block_dev, alua_access_type. nullopt: neither a number nor one of these.
std::optional<unsigned> number_of(std::string_view text);

Result<unsigned> read_attribute(const std::filesystem::path& path);
Result<void> write_attribute(const std::filesystem::path& path, unsigned value);

}  // namespace tcmud::guard
