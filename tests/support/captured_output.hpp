// SPDX-License-Identifier: Apache-2.0
// What the process writes to stdout or stderr while this lives.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>

namespace tcmud::test {

class CapturedOutput {
public:
    explicit CapturedOutput(std::FILE* stream) : stream_(stream), file_(std::tmpfile()) {
        flush();
        before_ = ::dup(::fileno(stream_));
        if (!file_ || before_ < 0 || ::dup2(::fileno(file_), ::fileno(stream_)) < 0)
            throw std::runtime_error("cannot redirect the output");
    }
    CapturedOutput(const CapturedOutput&) = delete;
    CapturedOutput& operator=(const CapturedOutput&) = delete;
    ~CapturedOutput() {
        flush();
        ::dup2(before_, ::fileno(stream_));
        ::close(before_);
        std::fclose(file_);
    }

    std::string text() {
        flush();
        std::string text;
        std::array<char, 4096> piece;
        // Leaves the position, which the writer shares, alone.
        for (;;) {
            const auto got =
                ::pread(::fileno(file_), piece.data(), piece.size(), static_cast<off_t>(text.size()));
            if (got <= 0) return text;
            text.append(piece.data(), static_cast<std::size_t>(got));
        }
    }

private:
    void flush() {
        std::cout.flush();
        std::cerr.flush();
        std::fflush(stream_);
    }
    std::FILE* stream_;
    std::FILE* file_;
    int before_ = -1;
};

}  // namespace tcmud::test
