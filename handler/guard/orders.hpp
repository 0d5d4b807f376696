// SPDX-License-Identifier: Apache-2.0
// The orders that the guard gives its crew, as text.
#pragma once

#include <string>
#include <string_view>

#include "handler/guard/crew.hpp"
#include "handler/guard/lun_guard.hpp"
#include "handler/guard/paths.hpp"

namespace tcmud::guard {

Order order_to_guard(const Task& task);
Order order_to_undo(const Lun& lun);
Order order_to_free_writers();

// What a process of the crew does.
Deed obey(const Paths& paths, std::string_view order);

}  // namespace tcmud::guard
