// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/journals.hpp"

#include <set>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace tcmud::daemon {

namespace fs = std::filesystem;

fs::path journal_path(const fs::path& run_directory, const LunName& lun) {
    return run_directory / "journal" / (lun.hba + "-" + lun.device);
}

Result<void> remove_stale_journals(const fs::path& run_directory,
                                   const std::vector<uio::FoundDevice>& devices) {
    std::set<fs::path> wanted;
    for (const auto& device : devices)
        wanted.insert(journal_path(run_directory, {device.name.hba_directory(), device.name.device}));
    std::error_code error;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::directory_iterator(run_directory / "journal", error)) {
        if (!wanted.contains(entry.path())) stale.push_back(entry.path());
    }
    for (const auto& path : stale) {
        if (!error) fs::remove(path, error);
    }
    if (!error) return {};
    return failure(error.value(), fmt::format("cannot remove old journals below {}: {}",
                                              run_directory.string(), error.message()));
}

}  // namespace tcmud::daemon
