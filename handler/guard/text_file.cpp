// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/text_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "handler/guard/file.hpp"

namespace tcmud::guard {

namespace {

tl::unexpected<Error> failed(const char* what, const std::filesystem::path& path) {
    const int number = errno;
    return failure(number, std::string(what) + " " + path.string() + ": " + std::strerror(number));
}

Result<void> write_to(const std::filesystem::path& path, int flags, std::string_view text) {
    const File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0600));
    if (file.fd() < 0) return failed("cannot open", path);
    ssize_t written = 0;
    do written = ::write(file.fd(), text.data(), text.size());
    while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(text.size())) return {};
    if (written >= 0) errno = ENOSPC;
    return failed(("cannot write '" + std::string(text.substr(0, text.find('\n'))) + "' to").c_str(), path);
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd() < 0) return failed("cannot open", path);
    std::string text;
    std::array<char, 4096> piece;
    for (;;) {
        const auto length = ::read(file.fd(), piece.data(), piece.size());
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) return failed("cannot read", path);
        if (length == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(length));
    }
}

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
    return write_to(path, O_TRUNC, text);
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view text) {
    const auto fresh = path.parent_path() / ("." + path.filename().string());
    if (auto written = write_to(fresh, O_CREAT | O_TRUNC, text); !written) return written;
    if (::rename(fresh.c_str(), path.c_str()) != 0) return failed("cannot make", path);
    return {};
}

}  // namespace tcmud::guard
