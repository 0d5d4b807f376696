// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/scarce_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <utility>

#include "handler/daemon/log.hpp"
#include "handler/daemon/text_file.hpp"
#include "handler/serving/lock_memory.hpp"

// Of <linux/prctl.h>, since Linux 5.6.
#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

namespace tcmud::daemon {

namespace {

// As the unit file has it.
constexpr auto oom_score = "-900";
constexpr auto oom_score_file = "/proc/self/oom_score_adj";

void shrink_stacks() {
    pthread_attr_t attributes;
    if (::pthread_attr_init(&attributes) != 0) return;
    ::pthread_attr_setstacksize(&attributes, thread_stack);
    ::pthread_setattr_default_np(&attributes);
    ::pthread_attr_destroy(&attributes);
}

// Only where nobody has chosen another value.
void lower_oom_score() {
    if (read_text_file(oom_score_file).value_or("") != "0\n") return;
    std::ofstream file(oom_score_file);
    if (!(file << oom_score << std::flush))
        log::warning("cannot lower the OOM score: {}: CAP_SYS_RESOURCE is needed", std::strerror(errno));
}

// Said once, whatever it was for.
void lock(const void* from, std::size_t bytes) {
    static bool said = false;
    const auto error = serving::lock_memory(from, bytes);
    if (!error || std::exchange(said, true)) return;
    log::warning("cannot keep the program in memory: {}: RLIMIT_MEMLOCK forbids it", error.message());
}

// Larger ones are not ours: libceph-common has 140 MiB, and what needs it waits for memory of the network
// too.
constexpr std::size_t largest_locked = 32 << 20;

int lock_segments(dl_phdr_info* object, std::size_t, void*) {
    // The vDSO is the kernel's and needs none.
    if (object->dlpi_name && std::strstr(object->dlpi_name, "linux-vdso")) return 0;
    const std::span headers(object->dlpi_phdr, object->dlpi_phnum);
    std::size_t total = 0;
    for (const auto& header : headers) total += header.p_type == PT_LOAD ? header.p_memsz : 0;
    if (total > largest_locked) return 0;
    for (const auto& header : headers) {
        if (header.p_type != PT_LOAD) continue;
        lock(reinterpret_cast<const void*>(object->dlpi_addr + header.p_vaddr), header.p_memsz);
    }
    return 0;
}

const void* heap_begin = nullptr;

// Where the heap begins is known to the kernel alone; nullptr: there is none, as with sanitizers.
const void* find_heap() {
    const auto maps = read_text_file("/proc/self/maps").value_or("");
    const auto name = maps.find("[heap]");
    if (name == std::string::npos) return nullptr;
    const auto newline = maps.rfind('\n', name);
    std::uintptr_t begin = 0;
    const auto* text = maps.data() + (newline == std::string::npos ? 0 : newline + 1);
    std::from_chars(text, maps.data() + maps.size(), begin, 16);
    return reinterpret_cast<const void*>(begin);
}

}  // namespace

void prepare_for_scarce_memory() {
    shrink_stacks();
    // Nothing is allocated on the way of a command, so that threads need no heaps of their own.
    ::mallopt(M_ARENA_MAX, 1);
    lower_oom_score();
    if (::prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) != 0)
        log::warning("PR_SET_IO_FLUSHER: {}: {}", std::strerror(errno),
                     errno == EPERM ? "CAP_SYS_RESOURCE is needed" : "the kernel is older than 5.6");
}

void lock_program() {
    ::dl_iterate_phdr(&lock_segments, nullptr);
    heap_begin = find_heap();
    lock_heap();
}

void lock_heap() {
    const auto* begin = static_cast<const std::byte*>(heap_begin);
    const auto* end = static_cast<const std::byte*>(::sbrk(0));
    if (begin && end > begin) lock(begin, static_cast<std::size_t>(end - begin));
}

}  // namespace tcmud::daemon
