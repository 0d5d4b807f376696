// SPDX-License-Identifier: Apache-2.0
// Files and directories of configfs, reached without waiting for the lock of a directory.
//
// In reply mode the kernel holds the lock of core/<hba> while the `rmdir` of a LUN there waits for our
// answer. Who looks up a name in it that is not in the kernel's cache waits as well, and cannot be killed
// meanwhile: a tcmud that is killed at that moment would not end before somebody else answers in its place,
// which nobody does while it lives (seen on Linux 6.1). But configfs keeps the name of every directory that
// exists in the cache: one that is not there is gone, or about to go. Below Linux 5.12 no lookup can be kept
// to the cache.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tcmud/result.hpp"

namespace tcmud::daemon {

// The errors have errno's number and name the path; ENOENT: it is gone, or about to go.
Result<std::string> read_attribute(const std::filesystem::path& path);
Result<void> write_attribute(const std::filesystem::path& path, std::string_view text);
bool has_attribute(const std::filesystem::path& path);
// Paths, in the order of their names; none if there is no such directory.
std::vector<std::filesystem::path> subdirectories(const std::filesystem::path& path);

}  // namespace tcmud::daemon
