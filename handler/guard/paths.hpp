// SPDX-License-Identifier: Apache-2.0
// Where the guard finds things; tests give other places.
#pragma once

#include <filesystem>

namespace tcmud::guard {

struct Paths {
    std::filesystem::path run_directory = "/run/tcmud";
    std::filesystem::path target = "/sys/kernel/config/target";
    std::filesystem::path uio_class = "/sys/class/uio";
    std::filesystem::path devices = "/dev";
    std::filesystem::path processes = "/proc";
    std::filesystem::path module = "/sys/module/target_core_user";

    // What tcmud has of each LUN that it serves, and what the guard notes of each that it changed.
    std::filesystem::path journals() const { return run_directory / "journal"; }
    std::filesystem::path records() const { return run_directory / "guard"; }
};

}  // namespace tcmud::guard
