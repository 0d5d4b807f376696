// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/attribute.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

#include "handler/guard/text_file.hpp"

namespace tcmud::guard {

namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 6> words{{
    {"unblocked", 0},
    {"blocked", 1},
    {"None", 0},
    {"Implicit", 1},
    {"Explicit", 2},
    {"Implicit and Explicit", 3},
}};

}  // namespace

std::optional<unsigned> number_of(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    for (const auto& [word, value] : words) {
        if (text == word) return value;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Result<unsigned> read_attribute(const std::filesystem::path& path) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    if (const auto number = number_of(*text)) return *number;
    return failure(EINVAL, path.string() + ": has an unknown value, " + *text);
}

Result<void> write_attribute(const std::filesystem::path& path, unsigned value) {
    return write_file(path, std::to_string(value));
}

}  // namespace tcmud::guard
