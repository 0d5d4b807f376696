// SPDX-License-Identifier: Apache-2.0
// For User Mode Linux on processors with AMX, whose extended state is larger than the kernel of Linux 6.1's
// User Mode Linux knows (2696 bytes, arch/x86/um): the machine's kernel refuses to set a part of it
// (xstateregs_set in arch/x86/kernel/fpu/regset.c), and the guest panics at its first process. This puts what
// the guest sets over the whole that is there.
//
// Preloaded into linux.uml by tests/guest/run, which compiles it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

typedef long (*Ptrace)(enum __ptrace_request request, ...);

enum { largest_state = 1 << 16 };  // Bytes; with AMX it has 11,008.

static long set_all_of_it(Ptrace next, void* pid, void* what, const struct iovec* part) {
    // The guest's kernel stacks are small, and one thread is all of it.
    static char state[largest_state];
    struct iovec all = {state, sizeof state};
    if (next(PTRACE_GETREGSET, pid, what, &all) != 0 || all.iov_len <= part->iov_len)
        return next(PTRACE_SETREGSET, pid, what, part);
    memcpy(state, part->iov_base, part->iov_len);
    return next(PTRACE_SETREGSET, pid, what, &all);
}

long ptrace(enum __ptrace_request request, ...) {
    static Ptrace next;
    if (!next) next = (Ptrace)dlsym(RTLD_NEXT, "ptrace");
    va_list arguments;
    va_start(arguments, request);
    void* pid = va_arg(arguments, void*);
    void* address = va_arg(arguments, void*);
    void* data = va_arg(arguments, void*);
    va_end(arguments);
    if (request == PTRACE_SETREGSET && address == (void*)NT_X86_XSTATE)
        return set_all_of_it(next, pid, address, data);
    return next(request, pid, address, data);
}
