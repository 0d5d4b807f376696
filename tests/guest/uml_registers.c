// SPDX-License-Identifier: Apache-2.0
// For linux.uml (LD_PRELOAD) on processors with more register state than it knows, AMX for example: the machine's kernel takes
// that state as a whole or not at all (EFAULT), so what User Mode Linux gives is completed with what the process has.
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define LARGEST_STATE (64 * 1024)

typedef long ptrace_function(int, int, void*, void*);

static long complete_and_set(ptrace_function* real, int pid, void* type, const struct iovec* known) {
    static _Thread_local char state[LARGEST_STATE];
    struct iovec whole = {state, sizeof state};
    if (real(PTRACE_GETREGSET, pid, type, &whole) != 0) return -1;
    if (whole.iov_len > known->iov_len) {
        memcpy(state, known->iov_base, known->iov_len);
        return real(PTRACE_SETREGSET, pid, type, &whole);
    }
    return real(PTRACE_SETREGSET, pid, type, (void*)known);
}

long ptrace(enum __ptrace_request request, ...) {
    static ptrace_function* real;
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, "ptrace");
    va_list arguments;
    va_start(arguments, request);
    int pid = va_arg(arguments, int);
    void* address = va_arg(arguments, void*);
    void* data = va_arg(arguments, void*);
    va_end(arguments);
    if (request == PTRACE_SETREGSET && address == (void*)NT_X86_XSTATE) return complete_and_set(real, pid, address, data);
    return real((int)request, pid, address, data);
}
