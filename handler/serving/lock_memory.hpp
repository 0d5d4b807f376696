// SPDX-License-Identifier: Apache-2.0
// Keeps in memory what serves I/O: a page of it that went to a disk of our own would be waited for by
// whoever has to read it.
#pragma once

#include <cstddef>
#include <system_error>

namespace tcmud::serving {

// Pages are locked as they are touched. Error: the system forbids it (RLIMIT_MEMLOCK).
std::error_code lock_memory(const void* from, std::size_t bytes);

// The stack of the thread that calls it, which is not the first one of the process.
void lock_own_stack();

}  // namespace tcmud::serving
