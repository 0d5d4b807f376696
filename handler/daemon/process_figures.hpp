// SPDX-License-Identifier: Apache-2.0
// What the kernel says of this process: CPU time, memory, descriptors.
#pragma once

#include <cstdint>
#include <filesystem>

namespace tcmud::daemon {

struct ProcessFigures {
    double cpu_seconds = 0;
    double start_time_seconds = 0;  // Since 1970.
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t threads = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t most_descriptors = 0;
};

// What cannot be read is 0. proc: for tests.
ProcessFigures process_figures(const std::filesystem::path& proc = "/proc");

}  // namespace tcmud::daemon
