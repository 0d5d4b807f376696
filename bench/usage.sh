# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What a candidate has done and used so far. Sourced.
counting='' enter=/sys/kernel/tracing/events/raw_syscalls/sys_enter histogram=hist:keys=common_pid:size=2048

# From here on the system calls of every thread are counted, by the kernel's own tracing.
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

# A line "ios N", in I/Os of the size that fio submits, because its kernel may split them; and for each thread of the daemons
# "thread ID nanoseconds context-switches system-calls".
usage_of() {  # CANDIDATE WORKLOAD
    local block daemon task disk nanoseconds sectors=0
    block=$(cut -d: -f3 <<<"$2")
    # shellcheck disable=SC2154 # Of fabric.sh.
    for disk in ${disks_of[$1]}; do sectors=$((sectors + $(awk '{ print $3 + $7 }' "/sys/block/$disk/stat"))); done
    echo "ios $((sectors * 512 / $(numfmt --from=iec "${block^^}")))"
    for daemon in ${daemons_of[$1]:-}; do
        for task in /proc/"$daemon"/task/*; do
            # It may end at any time, as workers of io_uring do.
            read -r nanoseconds _ <"$task/schedstat" || continue
            echo "thread ${task##*/} $nanoseconds $(awk '/ctxt_switches/ { sum += $2 } END { print sum + 0 }' "$task/status")" \
                "$(calls_of "${task##*/}")"
        done 2>/dev/null
    done
}

# What a thread used that has ended since is not known.
usage_between() {  # BEFORE AFTER, files
    awk '$1 == "ios" { ios = $2 - ios }
        $1 == "thread" && FNR == NR { ns[$2] = $3; switches[$2] = $4; calls[$2] = $5 }
        $1 == "thread" && FNR != NR { all_ns += $3 - ns[$2]; all_switches += $4 - switches[$2]; all_calls += $5 - calls[$2] }
        END { printf "ios=%d cpu_ns=%.0f switches=%d calls=%d\n", ios, all_ns, all_switches, all_calls }' "$1" "$2"
}
