// SPDX-License-Identifier: Apache-2.0
// What is done to one LUN. Every call may block for as long as the kernel likes: they are for a process of
// the crew.
#pragma once

#include <cstdint>
#include <optional>

#include "handler/guard/deed.hpp"
#include "handler/guard/lun.hpp"
#include "handler/guard/paths.hpp"

namespace tcmud::guard {

struct Task {
    Lun lun;
    std::optional<std::uint32_t> minor;  // Of its UIO device.
    bool first = false;                  // This process of the guard has not guarded it yet.
};

// Makes its commands end with errors, once, and ends those that wait, each time: the kernel lets some through
// in every state (INQUIRY, REPORT TARGET PORT GROUPS), and one may have been on its way.
Deed guard_lun(const Paths& paths, const Task& task);

// Takes back what its record says.
Deed undo_lun(const Paths& paths, const Lun& lun);

}  // namespace tcmud::guard
