// SPDX-License-Identifier: Apache-2.0
// SIMH's .tap files, which emulators and archivists exchange: each record between two lengths, 0 for a
// filemark.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tcmud/result.hpp"

namespace tcmud::tape {

struct SimhItem {
    enum class Kind { block, bad_block, filemark, end };
    Kind kind = Kind::end;
    std::vector<std::byte> block;
};

// Takes a file apart from its front.
class SimhReader {
public:
    // Fills all of the span from what follows in the file; false if there is less.
    using Read = std::function<bool(std::span<std::byte>)>;
    explicit SimhReader(Read read) : read_(std::move(read)) {}

    // EUCLEAN: it is no such file, or a torn one.
    Result<SimhItem> next();

private:
    std::optional<std::uint32_t> number();

    Read read_;
};

// What stands before and behind a block of that length: its length, and behind an odd one a zero before.
std::vector<std::byte> simh_before(std::size_t length);
std::vector<std::byte> simh_behind(std::size_t length);
// A filemark, and the end of the tape.
inline constexpr std::array<std::byte, 4> simh_filemark{};
inline constexpr std::array<std::byte, 4> simh_end{std::byte{255}, std::byte{255}, std::byte{255},
                                                   std::byte{255}};

}  // namespace tcmud::tape
