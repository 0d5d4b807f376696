// SPDX-License-Identifier: Apache-2.0
#include "uio/discovery.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <system_error>

namespace tcmud::uio {

namespace {

std::string_view without_trailing_space(std::string_view text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

// Cuts off what stands before the next '/', and the '/'.
std::string_view next_field(std::string_view& rest) {
    const auto slash = rest.find('/');
    const auto field = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    return field;
}

std::optional<std::uint32_t> minor_of(std::string_view directory) {
    constexpr std::string_view prefix = "uio";
    if (!directory.starts_with(prefix)) return std::nullopt;
    directory.remove_prefix(prefix.size());
    std::uint32_t minor = 0;
    const auto [end, error] = std::from_chars(directory.data(), directory.data() + directory.size(), minor);
    if (error != std::errc{} || end != directory.data() + directory.size()) return std::nullopt;
    return minor;
}

}  // namespace

std::optional<DeviceName> parse_name(std::string_view name) {
    // The kernel ends the attribute with one newline; a config written by echo brings its own before it.
    if (name.ends_with('\n')) name.remove_suffix(1);
    if (next_field(name) != "tcm-user") return std::nullopt;
    const auto hba = next_field(name);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (hba.empty() || !std::ranges::all_of(hba, is_digit)) return std::nullopt;
    // A device without config has no third '/', and its name then ends the text.
    const auto device = next_field(name);
    if (device.empty()) return std::nullopt;
    return DeviceName{std::string(hba), std::string(device), std::string(without_trailing_space(name))};
}

std::optional<DeviceName> name_of(std::uint32_t minor, const std::filesystem::path& sysfs_class) {
    std::ifstream file(sysfs_class / ("uio" + std::to_string(minor)) / "name", std::ios::binary);
    std::array<char, 4096> text;  // sysfs has no longer ones.
    // Not by iterators: those throw where read(2) fails, as it does when the device is just being removed.
    file.read(text.data(), text.size());
    if (file.bad() || file.gcount() == 0) return std::nullopt;
    return parse_name({text.data(), static_cast<std::size_t>(file.gcount())});
}

std::vector<FoundDevice> find_devices(const std::filesystem::path& sysfs_class) {
    std::vector<FoundDevice> found;
    std::error_code ignored;  // No such directory: no UIO device exists.
    for (std::filesystem::directory_iterator entry(sysfs_class, ignored), end; entry != end;
         entry.increment(ignored)) {
        const auto minor = minor_of(entry->path().filename().string());
        if (!minor) continue;
        if (auto name = name_of(*minor, sysfs_class)) found.push_back({*minor, std::move(*name)});
    }
    std::ranges::sort(found, {}, &FoundDevice::minor);
    return found;
}

}  // namespace tcmud::uio
