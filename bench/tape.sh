#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Called by bench/tape, in a guest. Prints MB/s of each candidate, the median of the rounds, and tcmud's ratios.
. tests/guest/lib.sh
. bench/nanoseconds.sh
rounds=$1 mib=256
build=${TCMUD_BUILD:-build/release}
[ ! -e /proc/sys/kernel/sched_autogroup_enabled ] || echo 0 >/proc/sys/kernel/sched_autogroup_enabled
memory_disk /srv 1500M
modprobe -a st sg
truncate -s $((mib + 1))M /srv/reference

# The reference answers nothing on netlink: its LUNs are enabled without.
make_reference() {
    make_lun "$1" "reference//srv/reference" 512 nl_reply_supported=-1 || exit 1
    "$build/bin/tcmu-reference" "$2" "0/$1" &
}
start_tcmud --subtypes tape
"$build/bin/tcmu-tape" create /srv/cart --capacity 2G >/dev/null
make_lun tcmud "tape//srv/cart" 512 || { daemon_log; exit 1; }
make_reference store tape
make_reference null tape-null
loopback tcmud store null

for name in tcmud store null; do
    mt -f "${disk[$name]}" rewind || mt -f "${disk[$name]}" rewind  # The first one may be told that the drive is new.
    mt -f "${disk[$name]}" setblk 0
done 2>/dev/null
mt -f "${disk[tcmud]}" compression 0
for ((round = 0; round < rounds; round++)); do
    for kib in 64 256 1024; do
        for name in tcmud store null; do
            tape=${disk[$name]} count=$((mib * 1024 / kib))
            mt -f "$tape" rewind
            # Everybody begins with a blank tape.
            case $name in
            tcmud) mt -f "$tape" erase ;;
            store) truncate -s 0 /srv/reference ;;
            esac
            echo "$name write $kib $(nanoseconds dd if=/dev/zero of="$tape" bs=${kib}k count=$count status=none)"
            mt -f "$tape" rewind
            echo "$name read $kib $(nanoseconds dd if="$tape" of=/dev/null bs=${kib}k count=$count status=none)"
        done
    done
done | tee /run/points >&2
python3 - $mib /run/points <<'PYTHON'
import collections, statistics, sys
mib = int(sys.argv[1])
points = collections.defaultdict(list)
for line in open(sys.argv[2]):
    name, what, kib, nanoseconds = line.split()
    points[what, int(kib), name].append(mib * 1048576 / int(nanoseconds) * 1000)
print(f"{'':14} {'tcmud':>9} {'reference':>9} {'null':>9}  MB/s   tcmud/reference")
for what, kib in sorted({key[:2] for key in points}):
    figures = [statistics.median(points[what, kib, name]) for name in ("tcmud", "store", "null")]
    print(f"{what:6} {kib:4} KiB", *(f"{figure:9.0f}" for figure in figures), f"        {figures[0] / figures[1]:5.2f}")
PYTHON
kill %% 2>/dev/null
exit 0
