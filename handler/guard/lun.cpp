// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/lun.hpp"

#include <algorithm>

namespace tcmud::guard {

std::optional<Lun> lun_of_file(std::string_view file_name) {
    constexpr std::string_view prefix = "user_";
    const auto dash = file_name.find('-');
    if (!file_name.starts_with(prefix) || dash == file_name.npos) return std::nullopt;
    const auto number = file_name.substr(prefix.size(), dash - prefix.size());
    const auto device = file_name.substr(dash + 1);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (number.empty() || !std::all_of(number.begin(), number.end(), is_digit)) return std::nullopt;
    // Configfs has no such directories, and their way leads elsewhere.
    if (device.empty() || device == "." || device == "..") return std::nullopt;
    return Lun{std::string(file_name.substr(0, dash)), std::string(device)};
}

std::vector<Lun> luns_in(const std::filesystem::path& directory) {
    std::vector<Lun> found;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (auto lun = lun_of_file(entry->path().filename().string())) found.push_back(std::move(*lun));
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace tcmud::guard
