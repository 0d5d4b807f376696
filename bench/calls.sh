# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Counts the system calls of every thread, by the kernel's own tracing. Sourced.
counting='' enter=/sys/kernel/tracing/events/raw_syscalls/sys_enter histogram=hist:keys=common_pid:size=2048

start_counting() {
    [ -e $enter/trigger ] || mount -t tracefs tracing /sys/kernel/tracing 2>/dev/null || true
    if ! { echo $histogram >$enter/trigger; } 2>/dev/null; then
        # User Mode Linux has no ftrace.
        [ -e /run/cannot-count ] || echo "bench: this kernel cannot count system calls" >&2
        touch /run/cannot-count
        return 1
    fi
    counting=yes
}

stop_counting() {
    counting=''
    echo "!$histogram" >$enter/trigger
}

calls_of() {  # THREAD
    [ -n "$counting" ] || { echo 0; return; }
    awk -v task="$1" '$2 == "common_pid:" && $3 == task { calls = $6 } END { print calls + 0 }' $enter/hist
}
