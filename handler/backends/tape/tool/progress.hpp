// SPDX-License-Identifier: Apache-2.0
// How far a long command is, on a terminal.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace tcmud::tape {

class Progress {
public:
    // whole: bytes that there are; 0: nobody knows.
    Progress(std::string_view what, std::uint64_t whole) : what_(what), whole_(whole) {}
    ~Progress() {
        if (shown_) std::fputs("\r\033[K", stderr);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void add(std::uint64_t bytes) {
        done_ += bytes;
        const auto now = std::chrono::steady_clock::now();
        if (!terminal_ || now < next_) return;
        next_ = now + std::chrono::milliseconds(200);
        shown_ = true;
        const auto mib = static_cast<unsigned long long>(done_ >> 20);
        if (whole_ != 0) {
            std::fprintf(stderr, "\r\033[K%.*s: %llu MiB, %llu %%", static_cast<int>(what_.size()),
                         what_.data(), mib, static_cast<unsigned long long>(done_ / (whole_ / 100 + 1)));
        } else {
            std::fprintf(stderr, "\r\033[K%.*s: %llu MiB", static_cast<int>(what_.size()), what_.data(), mib);
        }
    }

private:
    std::string_view what_;
    std::uint64_t whole_;
    std::uint64_t done_ = 0;
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool shown_ = false;
    std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now();
};

}  // namespace tcmud::tape
