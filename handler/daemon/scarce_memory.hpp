// SPDX-License-Identifier: Apache-2.0
// Lets tcmud go on when memory is short. The kernel then writes to disks, perhaps to ours: whoever serves
// those must not wait for them, must not be the one that is killed, and must find its own pages in memory.
#pragma once

#include <cstddef>

#include "tcmud/result.hpp"

namespace tcmud::daemon {

// Of every thread, in bytes. Serving threads keep nothing large on it; libraries that backends call want some
// more, and the thread sanitizer much more.
#ifdef __SANITIZE_THREAD__
inline constexpr std::size_t thread_stack = 8 << 20;
#else
inline constexpr std::size_t thread_stack = 512 << 10;
#endif

// Before any thread begins: small stacks, one heap, and memory that is got without input and output. What
// cannot be had is logged.
void prepare_for_scarce_memory();

// Keeps program, libraries, modules and heap in memory, as far as they are used. After modules were loaded,
// and again when the heap has grown.
void lock_program();
void lock_heap();

}  // namespace tcmud::daemon
