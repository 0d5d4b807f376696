// SPDX-License-Identifier: Apache-2.0
// The LUNs that the guard cares for: tcmud names a file in its run directory after each that it serves.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tcmud::guard {

// Its directory in configfs is core/<hba>/<device>.
struct Lun {
    std::string hba;     // "user_0"
    std::string device;  // Any bytes but '/'.
    std::string text() const { return hba + "/" + device; }
    std::string file_name() const { return hba + "-" + device; }
    auto operator<=>(const Lun&) const = default;
};

// nullopt: not the name of a LUN's file.
std::optional<Lun> lun_of_file(std::string_view file_name);

// Those that have a file in this directory, sorted; none if it does not exist.
std::vector<Lun> luns_in(const std::filesystem::path& directory);

}  // namespace tcmud::guard
