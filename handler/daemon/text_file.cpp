// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/text_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace tcmud::daemon {

// Not a stream: those throw where read(2) fails, or hide it.
Result<std::string> read_text_file(const std::filesystem::path& path, int parent) {
    const auto failed = [&] {
        const auto number = errno;
        return failure(number, fmt::format("{}: cannot read: {}", path.string(), std::strerror(number)));
    };
    constexpr int flags = O_RDONLY | O_CLOEXEC;
    const int fd =
        parent < 0 ? ::open(path.c_str(), flags) : ::openat(parent, path.filename().c_str(), flags);
    if (fd < 0) return failed();
    std::string text;
    std::array<char, 4096> piece;
    for (;;) {
        const auto length = ::read(fd, piece.data(), piece.size());
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) {
            auto error = failed();
            ::close(fd);
            return error;
        }
        if (length == 0) break;
        text.append(piece.data(), static_cast<std::size_t>(length));
    }
    ::close(fd);
    return text;
}

}  // namespace tcmud::daemon
