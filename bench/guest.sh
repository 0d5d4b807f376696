#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures the candidates, interleaved, on the kernel that it runs on. Called by bench/run, in a guest or natively; what to do
# comes in BENCH_* variables. Prints, for each point, a line "POINT key=value...", fio's JSON, and a line "END".
set -euo pipefail
: "${BENCH_CANDIDATES:?}" "${BENCH_WORKLOADS:?}" "${BENCH_ROUNDS:?}" "${BENCH_SECONDS:?}" "${BENCH_FABRIC:?}" "${BENCH_FILES:?}"
. bench/daemons.sh
. bench/fabric.sh
ramp=0.4

prepare_files() {
    mkdir -p $files
    case $BENCH_FILES in
    tmpfs) mount -t tmpfs -o size=700M files $files ;;
    ext4 | xfs)
        modprobe brd rd_nr=1 rd_size=$((600 << 10))
        "mkfs.$BENCH_FILES" -q "$([ "$BENCH_FILES" = ext4 ] && echo -F || echo -f)" /dev/ram0
        modprobe "$BENCH_FILES" 2>/dev/null || true
        mount /dev/ram0 $files
        ;;
    esac
}

measure() {  # candidate workload seconds -> fio's JSON
    local name rw block depth
    IFS=: read -r name rw block depth <<<"$2"
    fio --name="$name" --filename="/dev/${disk_of[$1]}" --rw="$rw" --bs="$block" --iodepth="$depth" --ioengine=libaio \
        --direct=1 --time_based --runtime="$3" --ramp_time=$ramp --norandommap --percentile_list=50:99:99.9 --lat_percentiles=1 --clat_percentiles=0 \
        --output-format=json 2>/dev/null
}

# I/Os of a candidate so far, and what its daemon has used: nanoseconds on the CPU, context switches, system calls (0 if not
# counted).
usage_of() {
    local task nanoseconds=0 switches=0 calls=0
    for task in ${daemon_of[$1]:+/proc/${daemon_of[$1]}/task/*}; do
        nanoseconds=$((nanoseconds + $(cut -d' ' -f1 "$task/schedstat" 2>/dev/null || echo 0)))
        switches=$((switches + $(awk '/ctxt_switches/ { sum += $2 } END { print sum + 0 }' "$task/status")))
        [ -z "$counting" ] || calls=$((calls + $(calls_of "${task##*/}")))
    done
    echo "$(awk '{ print $1 + $5 }' "/sys/block/${disk_of[$1]}/stat") $nanoseconds $switches $calls"
}

# System calls are counted in a run of their own: counting costs something.
counting='' tracing=/sys/kernel/tracing/events/raw_syscalls/sys_enter
count_calls() {
    [ -e $tracing/trigger ] || mount -t tracefs tracing /sys/kernel/tracing 2>/dev/null || true
    [ -e $tracing/trigger ] || return 0
    echo "$1hist:keys=common_pid:size=2048" >$tracing/trigger 2>/dev/null || return 0
    counting=$([ "$1" = '!' ] || echo yes)
}
calls_of() { awk -v task="$1" '$2 == "common_pid:" && $3 == task { print $6 + 0; found = 1 } END { if (!found) print 0 }' $tracing/hist; }

point() {  # candidate workload round
    local before after
    read -ra before <<<"$(usage_of "$1")"
    measure "$1" "$2" "$BENCH_SECONDS" >/tmp/point.json
    read -ra after <<<"$(usage_of "$1")"
    echo "POINT candidate=$1 workload=${2%%:*} round=$3 ios=$((after[0] - before[0]))" \
        "cpu_ns=$((after[1] - before[1])) switches=$((after[2] - before[2]))"
    cat /tmp/point.json
    echo END
}

calls_point() {  # candidate workload
    [ -n "${daemon_of[$1]:-}" ] || return 0
    count_calls ''
    [ -n "$counting" ] || return 0
    local before after
    read -ra before <<<"$(usage_of "$1")"
    measure "$1" "$2" 0.3 >/tmp/point.json
    read -ra after <<<"$(usage_of "$1")"
    count_calls '!'
    echo "CALLS candidate=$1 workload=${2%%:*} ios=$((after[0] - before[0])) calls=$((after[3] - before[3]))"
    cat /tmp/point.json
    echo END
}

[ ! -e /proc/sys/kernel/sched_autogroup_enabled ] || echo "${BENCH_AUTOGROUP:-0}" >/proc/sys/kernel/sched_autogroup_enabled
modprobe -a sd_mod target_core_file
prepare_files
start_daemons
for candidate in $BENCH_CANDIDATES; do "make_$candidate"; done
if [ -n "${BENCH_BURNER:-}" ]; then
    setsid sh -c 'while :; do :; done' &
    trap 'kill %% 2>/dev/null' EXIT
fi

for round in $(seq "$BENCH_ROUNDS"); do
    for workload in $BENCH_WORKLOADS; do
        for candidate in $BENCH_CANDIDATES; do
            point "$candidate" "$workload" "$round"
            [ "$round" != 1 ] || [ -z "${BENCH_CALLS:-}" ] || calls_point "$candidate" "$workload"
        done
    done
done
