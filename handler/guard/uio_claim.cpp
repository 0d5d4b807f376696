// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/uio_claim.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace tcmud::guard {

namespace {

namespace fs = std::filesystem;

constexpr auto service_manager = "1";

bool has_open(const fs::path& process, const std::string& device) {
    std::error_code error;
    for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code vanished;
        if (fs::read_symlink(entry->path(), vanished).filename() == device) return true;
    }
    return false;
}

}  // namespace

bool only_kept(std::uint32_t minor, const fs::path& processes) {
    const auto device = "uio" + std::to_string(minor);
    // The first look is at one process: who is served by somebody is looked at again and again.
    if (!has_open(processes / service_manager, device)) return false;
    const auto self = std::to_string(::getpid());
    std::error_code error;
    for (fs::directory_iterator entry(processes, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto name = entry->path().filename().string();
        const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
        if (!std::all_of(name.begin(), name.end(), is_digit) || name == service_manager || name == self)
            continue;
        if (has_open(entry->path(), device)) return false;
    }
    return true;
}

Result<Claim> claim(std::uint32_t minor, const Paths& paths) {
    const auto path = paths.devices / ("uio" + std::to_string(minor));
    File file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (file.fd() >= 0) return Claim{Holder::nobody, std::move(file)};
    const int number = errno;
    if (number != EBUSY)
        return failure(number, "cannot open " + path.string() + ": " + std::strerror(number));
    return Claim{only_kept(minor, paths.processes) ? Holder::kept : Holder::in_use, File()};
}

}  // namespace tcmud::guard
