// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/passphrase.hpp"

#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace tcmud::rbd {

namespace {

// More is another file that was named by mistake.
constexpr std::size_t longest = 4096;

}  // namespace

// Without a stream's buffer, which nobody would overwrite.
Result<Passphrase> Passphrase::read(const std::string& file) {
    const auto wrong = [&](int error, std::string_view what) {
        return failure(error, fmt::format("passphrase-file={}: {}", file, what));
    };
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return wrong(errno, std::string("cannot read: ") + std::strerror(errno));
    Passphrase passphrase(std::string(longest + 1, '\0'));
    std::size_t length = 0;
    ssize_t got = 0;
    do {
        got = ::read(fd, passphrase.bytes_.data() + length, passphrase.bytes_.size() - length);
        if (got > 0) length += static_cast<std::size_t>(got);
    } while (got > 0);
    const int error = errno;
    ::close(fd);
    if (got < 0) return wrong(error, std::string("cannot read: ") + std::strerror(error));
    if (length == 0) return wrong(EINVAL, "is empty");
    if (length > longest) return wrong(EINVAL, fmt::format("is longer than {} bytes", longest));
    passphrase.bytes_.resize(length);
    return passphrase;
}

void Passphrase::wipe() {
    // Also where it was longer once.
    bytes_.resize(bytes_.capacity());
    ::explicit_bzero(bytes_.data(), bytes_.size());
    bytes_.clear();
}

}  // namespace tcmud::rbd
