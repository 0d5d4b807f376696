// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/lock_memory.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace tcmud::serving {

std::error_code lock_memory(const void* from, std::size_t bytes) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(from) & ~(page - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(from) + bytes;
    if (::mlock2(reinterpret_cast<const void*>(begin), end - begin, MLOCK_ONFAULT) == 0) return {};
    return {errno, std::generic_category()};
}

// Where it is forbidden, the daemon has said so at its start.
void lock_own_stack() {
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return;
    void* stack = nullptr;
    std::size_t size = 0;
    if (::pthread_attr_getstack(&attributes, &stack, &size) == 0) static_cast<void>(lock_memory(stack, size));
    ::pthread_attr_destroy(&attributes);
}

}  // namespace tcmud::serving
