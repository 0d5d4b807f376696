// SPDX-License-Identifier: Apache-2.0
// A LUN's UIO device, which the kernel lets one process open at a time: who has it open keeps others from
// serving the LUN.
#pragma once

#include <cstdint>
#include <filesystem>

#include "handler/guard/file.hpp"
#include "handler/guard/paths.hpp"
#include "tcmud/result.hpp"

namespace tcmud::guard {

// kept: systemd has it in its store of descriptors for a process that is to come. in_use: some process has
// it.
enum class Holder : std::uint8_t { nobody, kept, in_use };

// Whether systemd has it open and no process else, but for this one. By the links of /proc/<process>/fd,
// which never block.
bool only_kept(std::uint32_t minor, const std::filesystem::path& processes);

// Opens it for as long as the result lives; it is neither read nor mapped. in_use: it could not be had. kept:
// nobody serves the LUN, but whoever comes may begin at any time.
struct Claim {
    Holder holder = Holder::nobody;
    File file;
};
Result<Claim> claim(std::uint32_t minor, const Paths& paths);

}  // namespace tcmud::guard
