#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures the candidates, interleaved, on the kernel that it runs on. Called by bench/run, in a guest or natively; what to do
# comes in BENCH_* variables. Prints, for each point, a line "POINT key=value...", fio's JSON, and a line "END".
set -euo pipefail
: "${BENCH_CANDIDATES:?}" "${BENCH_WORKLOADS:?}" "${BENCH_ROUNDS:?}" "${BENCH_MILLISECONDS:?}" "${BENCH_FABRIC:?}" \
    "${BENCH_FILES:?}" "${BENCH_LUNS:?}"
. bench/usage.sh
. bench/daemons.sh
. bench/fabric.sh
. bench/units.sh
ramp_ms=400 calls_ms=300

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

measure() {  # candidate workload milliseconds -> fio's JSON
    local name rw block depth luns disks
    IFS=: read -r name rw block depth luns <<<"$2"
    read -ra disks <<<"${disks_of[$1]}"
    disks=("${disks[@]:0:luns}")
    # fio reads fractions of a second as whole ones. Without a size of I/O, it lets all commands end after each pass over the
    # disks.
    fio --name="$name" --filename="$(printf ':/dev/%s' "${disks[@]}" | cut -c2-)" --rw="$rw" --bs="$block" \
        --iodepth=$((depth * luns)) --ioengine=libaio --direct=1 --norandommap --io_size=1T --time_based --runtime="$3ms" \
        --ramp_time=${ramp_ms}ms --percentile_list=50:99:99.9 --lat_percentiles=1 --clat_percentiles=0 \
        --output-format=json 2>/dev/null
}

point() {  # kind candidate workload round milliseconds
    usage_of "$2" "$3" >/tmp/before
    measure "$2" "$3" "$5" >/tmp/point.json
    usage_of "$2" "$3" >/tmp/after
    echo "$1 candidate=$2 workload=${3%%:*} round=$4 $(usage_between /tmp/before /tmp/after)"
    cat /tmp/point.json
    echo END
}

# In a run of its own: counting costs something.
calls_point() {  # candidate workload round
    [ -n "${daemons_of[$1]:-}" ] || return 0
    start_counting || return 0
    point CALLS "$@" $calls_ms
    stop_counting
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
            point POINT "$candidate" "$workload" "$round" "$BENCH_MILLISECONDS"
            [ "$round" != 1 ] || [ -z "${BENCH_CALLS:-}" ] || calls_point "$candidate" "$workload" "$round"
        done
    done
done
