// SPDX-License-Identifier: Apache-2.0
// Whether a tcmud is there, by its locks: they end with it, however it ends.
#pragma once

#include <cstdint>
#include <filesystem>

namespace tcmud::guard {

// starting: it has the run directory, but does not serve yet.
enum class Presence : std::uint8_t { absent, starting, serving };

// Asks, and takes no lock: that could keep a tcmud from starting. The directory may have been made anew.
Presence presence(const std::filesystem::path& run_directory);

}  // namespace tcmud::guard
