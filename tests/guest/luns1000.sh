#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A thousand LUNs, used once and then idle: what they cost the daemon, and the one that is used beside them. 200 in the short
# form. The ratio of IOPS is judged where the clock counts instructions:
#   tests/guest/run --kernel icount --memory 4G --timeout 1800 tests/guest/luns1000.sh
. tests/guest/lib.sh
luns=${TCMUD_LUNS:-$(in_full 200 1000)}
each=$((8 << 20))
rounds=$(in_full 1 3) seconds=$(in_full 0.5 1)
# Disks of one host of tcm_loop.
group=100
memory_disk /srv 512M
head -c 65536 /dev/urandom >/run/data
ulimit -n 65536  # As tcmud.service has it.
# As on most machines. Without one it looks for one once a minute.
mkdir -p /run/dbus
dbus-daemon --system --fork
start_tcmud

# iops DEPTH: of the LUN that is active, the median of some runs.
iops() {
    local round
    for round in $(seq "$rounds"); do
        fio --name=active --filename="${disk[active]}" --direct=1 --rw=randread --bs=4k --iodepth="$1" --ioengine=libaio \
            --norandommap --time_based --runtime="$seconds" --ramp_time=0.4 --output-format=json >/run/fio.json 2>/dev/null
        fio_figure /run/fio.json active read/iops
    done | sort -n | sed -n $(((rounds + 1) / 2))p
}
# small_lun NAME: without a process but mkdir's, because a thousand are made.
small_lun() {
    local device=$core/user_0/$1 control
    for control in "dev_config=file//srv/$1" dev_size=$each cmd_ring_size_mb=1 max_data_area_mb=8; do
        echo "$control" >"$device/control" || return
    done
    echo 1 >"$device/enable"
}
create() {
    local number
    (cd /srv && truncate -s "$each" "${idle[@]}") && (cd "$core/user_0" && mkdir "${idle[@]}") || return
    for number in "${idle[@]}"; do small_lun "$number" || return; done
}
use() {
    local name
    for name in "${idle[@]}"; do
        dd if=/run/data of="${disk[$name]}" bs=64k oflag=direct conv=fsync status=none || return
        dd if="${disk[$name]}" bs=64k count=1 iflag=direct status=none | cmp - /run/data || return
    done
}
# percent OF WHOLE, and whether it is enough.
percent() { echo $(($1 * 100 / $2)); }
check_ratio() {
    local ratio
    ratio=$(percent "$3" "$2")
    echo "      $1: $2 IOPS alone, $3 among $luns idle LUNs: $ratio %"
    # Elsewhere the clock is the machine's, which has other work too.
    [ "$GUEST_KERNEL" != icount ] || check "$1: the active LUN keeps 95 % of its IOPS" test "$ratio" -ge 95
}

echo "--- one LUN alone"
mkdir -p $core/user_0/active
dd if=/dev/zero of=/srv/active bs=$each count=1 status=none
check "a LUN" small_lun active
loopback active
echo none >"/sys/block/${disk[active]#/dev/}/queue/scheduler"
alone_1=$(iops 1) alone_32=$(iops 32)
# Workers of the kernel's io_uring leave after five seconds.
sleep 6
threads_before=$(lasting_threads) memory_before=$(own_memory)

echo "--- beside it $luns"
mapfile -t idle < <(seq -f lun%g "$luns")
check "are created" create
for ((first = 0; first < luns; first += group)); do loopback "${idle[@]:first:group}"; done
check "each is written and read back" use
check_equal "all are listed as serving" $((luns + 1)) "$("$tcmuctl" list | grep -c serving)"
# The timer that was set for tcmuctl rings ten seconds after it, whether it is still wanted or not.
sleep 11
check_equal "it has the threads that it had with one LUN" "$threads_before" "$(lasting_threads)"
check "and no more to open LUNs than the pool may have" test "$(cat "/proc/$daemon"/task/*/comm | grep -cx offload)" -le 4
memory=$(own_memory)
echo "      memory: $memory_before KiB with one LUN, $memory KiB with $luns more"
check "the daemon has 64 MiB at most" test "$memory" -le $((64 << 10))
cpu_times >/run/before
sleep "$(in_full 3 10)"
cpu_times >/run/after
check "idle, none of its threads is on a CPU even once" diff /run/before /run/after

echo "--- the active one among them"
check_ratio "queue depth 1" "$alone_1" "$(iops 1)"
check_ratio "queue depth 32" "$alone_32" "$(iops 32)"
check_equal "the daemon has nothing to complain of" '' "$(daemon_log | grep -E 'warning|error')"
finish
