// SPDX-License-Identifier: Apache-2.0
// Small files in one call each: those of configfs take a value with one write(2) and say there what is wrong.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tcmud/result.hpp"

namespace tcmud::guard {

// All of it. The error has errno's number and says why.
Result<std::string> read_file(const std::filesystem::path& path);
// Into a file that exists.
Result<void> write_file(const std::filesystem::path& path, std::string_view text);
// Makes it, or puts this in its place: whoever reads finds all of the old text or all of the new.
Result<void> replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace tcmud::guard
