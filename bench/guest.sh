#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures the candidates, interleaved, on the kernel that it runs on. Called by bench/run, in a guest or natively; what to do
# comes in BENCH_* variables. Prints, for each point, a line "POINT key=value...", fio's JSON, and a line "END".
set -euo pipefail
: "${BENCH_CANDIDATES:?}" "${BENCH_WORKLOADS:?}" "${BENCH_ROUNDS:?}" "${BENCH_SECONDS:?}" "${BENCH_FABRIC:?}" "${BENCH_FILES:?}" \
    "${BENCH_LUNS:?}"
. bench/daemons.sh
. bench/fabric.sh
. bench/units.sh
. bench/calls.sh
ramp=0.4

prepare_files() {
    mkdir -p $files
    case $BENCH_FILES in
    tmpfs) mount -t tmpfs -o size=1G files $files ;;
    ext4 | xfs)
        modprobe brd rd_nr=1 rd_size=$((700 << 10))
        "mkfs.$BENCH_FILES" -q "$([ "$BENCH_FILES" = ext4 ] && echo -F || echo -f)" /dev/ram0
        modprobe "$BENCH_FILES" 2>/dev/null || true
        mount /dev/ram0 $files
        ;;
    esac
}

measure() {  # candidate workload seconds -> fio's JSON
    local name rw block depth luns disks
    IFS=: read -r name rw block depth luns <<<"$2"
    read -ra disks <<<"${disks_of[$1]}"
    disks=("${disks[@]:0:luns}")
    fio --name="$name" --filename="$(printf ':/dev/%s' "${disks[@]}" | cut -c2-)" --rw="$rw" --bs="$block" \
        --iodepth=$((depth * luns)) --ioengine=libaio --direct=1 --time_based --runtime="$3" --ramp_time=$ramp --norandommap \
        --percentile_list=50:99:99.9 --lat_percentiles=1 --clat_percentiles=0 --output-format=json 2>/dev/null
}

# I/Os of a candidate so far, of the size that fio submits: its kernel may split them. And what its daemons have used:
# nanoseconds on the CPU, context switches, system calls (0 if not counted).
usage_of() {  # candidate workload
    local block task disk daemon sectors=0 nanoseconds=0 switches=0 calls=0
    block=$(cut -d: -f3 <<<"$2")
    for disk in ${disks_of[$1]}; do sectors=$((sectors + $(awk '{ print $3 + $7 }' "/sys/block/$disk/stat"))); done
    for daemon in ${daemons_of[$1]:-}; do
        for task in /proc/"$daemon"/task/*; do
            nanoseconds=$((nanoseconds + $(cut -d' ' -f1 "$task/schedstat" 2>/dev/null || echo 0)))
            switches=$((switches + $(awk '/ctxt_switches/ { sum += $2 } END { print sum + 0 }' "$task/status")))
            calls=$((calls + $(calls_of "${task##*/}")))
        done
    done
    echo "$((sectors * 512 / $(numfmt --from=iec "${block^^}"))) $nanoseconds $switches $calls"
}

point() {  # candidate workload round
    local before after
    read -ra before <<<"$(usage_of "$1" "$2")"
    measure "$1" "$2" "$BENCH_SECONDS" >/tmp/point.json
    read -ra after <<<"$(usage_of "$1" "$2")"
    echo "POINT candidate=$1 workload=${2%%:*} round=$3 ios=$((after[0] - before[0]))" \
        "cpu_ns=$((after[1] - before[1])) switches=$((after[2] - before[2]))"
    cat /tmp/point.json
    echo END
}

# In a run of its own: counting costs something.
calls_point() {  # candidate workload
    [ -n "${daemons_of[$1]:-}" ] || return 0
    start_counting || return 0
    local before after
    read -ra before <<<"$(usage_of "$1" "$2")"
    measure "$1" "$2" 0.3 >/tmp/point.json
    read -ra after <<<"$(usage_of "$1" "$2")"
    stop_counting
    echo "CALLS candidate=$1 workload=${2%%:*} ios=$((after[0] - before[0])) calls=$((after[3] - before[3]))"
    cat /tmp/point.json
    echo END
}

[ ! -e /proc/sys/kernel/sched_autogroup_enabled ] || echo "${BENCH_AUTOGROUP:-0}" >/proc/sys/kernel/sched_autogroup_enabled
modprobe -a sd_mod target_core_file
prepare_files
start_daemons
for candidate in $BENCH_CANDIDATES; do make_luns "$candidate"; done
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
