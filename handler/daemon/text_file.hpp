// SPDX-License-Identifier: Apache-2.0
// Small text files, those of configfs and /proc among them, whose reads may fail.
#pragma once

#include <filesystem>
#include <string>

#include "tcmud/result.hpp"

namespace tcmud::daemon {

// All of the file. The error has errno's number and says why. parent: its directory's descriptor, where that
// is open already; else the path is looked up.
Result<std::string> read_text_file(const std::filesystem::path& path, int parent = -1);

}  // namespace tcmud::daemon
