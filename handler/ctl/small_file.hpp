// SPDX-License-Identifier: Apache-2.0
// Files of /proc, /sys and configfs.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace tcmud::ctl {

// All of a file; what was read until then if that fails.
inline std::string text_of(const std::filesystem::path& file) {
    std::string text;
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return text;
    std::array<char, 4096> piece;
    for (ssize_t got = 0; (got = ::read(fd, piece.data(), piece.size())) > 0;)
        text.append(piece.data(), static_cast<std::size_t>(got));
    ::close(fd);
    return text;
}

// Its first line.
inline std::string line_of(const std::filesystem::path& file) {
    const auto text = text_of(file);
    return text.substr(0, text.find('\n'));
}

// What a directory holds, in order; nothing if it cannot be read.
inline std::vector<std::filesystem::path> entries_of(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> entries;
    std::error_code error;
    for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error))
        entries.push_back(at->path());
    std::sort(entries.begin(), entries.end());
    return entries;
}

}  // namespace tcmud::ctl
