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

#include <compare>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tcmud/result.hpp"

namespace tcmud::daemon {

// What is looked up: `root` exists all the time (/sys/kernel/config/target), and is found without the
// promise.
class ConfigfsPath {
public:
    explicit ConfigfsPath(std::filesystem::path root) : root_(std::move(root)) {}

    ConfigfsPath operator/(const std::filesystem::path& name) const {
        auto longer = *this;
        longer.below_ /= name;
        return longer;
    }
    const std::filesystem::path& root() const { return root_; }
    const std::filesystem::path& below() const { return below_; }
    std::filesystem::path path() const { return root_ / below_; }
    std::string name() const { return below_.filename(); }

    friend auto operator<=>(const ConfigfsPath&, const ConfigfsPath&) = default;

private:
    std::filesystem::path root_;
    std::filesystem::path below_;
};

// The errors have errno's number and name the path; ENOENT: it is gone, or about to go.
Result<std::string> read_attribute(const ConfigfsPath& path);
Result<void> write_attribute(const ConfigfsPath& path, std::string_view text);
bool has_attribute(const ConfigfsPath& path);
// In the order of their names; none if there is no such directory.
std::vector<ConfigfsPath> subdirectories(const ConfigfsPath& path);

}  // namespace tcmud::daemon
