// SPDX-License-Identifier: Apache-2.0
// What came of one job of the guard, for a LUN most often.
#pragma once

#include <cstdint>
#include <string>

namespace tcmud::guard {

enum class Outcome : std::uint8_t {
    none,      // Nothing was to be done, or nobody came to do it.
    guarded,   // The LUN's commands end with errors, those that waited have.
    in_use,    // A process serves the LUN, or is about to; nothing was done.
    returned,  // tcmud came in between; nothing was done.
    gone,      // There is no such LUN (any more), or it is not enabled.
    undone,
    failed,
    hung,  // The kernel does not let go of the process that was to do it.
};

struct Deed {
    Outcome outcome = Outcome::none;
    std::string error;  // One line, if something failed; the rest was done all the same.
};

}  // namespace tcmud::guard
