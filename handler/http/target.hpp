// SPDX-License-Identifier: Apache-2.0
// Names of any bytes as a part of a request's target (RFC 3986 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tcmud::http {

// '/' stays: it divides a path.
inline std::string escaped_path(std::string_view text) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string path;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        if (plain.find(each) != std::string_view::npos)
            path += each;
        else
            path += {'%', digits[byte >> 4], digits[byte & 0xf]};
    }
    return path;
}

// nullopt: a '%' without two digits.
inline std::optional<std::string> unescaped_path(std::string_view path) {
    const auto digit = [](char each) {
        if (each >= '0' && each <= '9') return each - '0';
        if (each >= 'A' && each <= 'F') return each - 'A' + 10;
        return each >= 'a' && each <= 'f' ? each - 'a' + 10 : -1;
    };
    std::string text;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] != '%') {
            text += path[i];
            continue;
        }
        if (i + 2 >= path.size()) return std::nullopt;
        const int high = digit(path[i + 1]);
        const int low = digit(path[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        text += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return text;
}

}  // namespace tcmud::http
