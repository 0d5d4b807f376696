#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon is told to leave while an initiator writes and verifies; the next one takes over; the initiator notices a pause.
. tests/guest/lib.sh
memory_disk /srv 300M
truncate -s 128M /srv/disk.img
start_tcmud
check "the LUN is enabled" make_lun disk file//srv/disk.img $((128 << 20)) hw_max_sectors=16384
loopback disk

# Every block is read back and compared, those written before a restart after it too.
fio --name=verify --filename="${disk[disk]}" --direct=1 --rw=randwrite --bsrange=512-256k --blockalign=512 --iodepth=16 \
    --ioengine=libaio --verify=crc32c --verify_backlog=1024 --verify_fatal=1 --time_based --runtime="$(in_full 12 30)" \
    --size=$((128 << 20)) --output-format=terse >/run/fio 2>&1 &
fio=$!
sleep 2
rounds=$(in_full 3 8)
for ((round = 1; round <= rounds; round++)); do
    check "round $round: fio is at work" kill -0 $fio
    began=$(date +%s%3N)
    stop_tcmud TERM
    took=$(($(date +%s%3N) - began))
    check "round $round: the daemon left within a second ($took ms)" test $took -lt 1000
    check_equal "round $round: with exit code 0" 0 "$daemon_status"
    sleep 0.5
    start_tcmud
    sleep 1.5
done
wait $fio
check_equal "fio ends without an error" 0 $?
check_equal "and found none" '' "$(grep -iE 'verify:|err=|error' /run/fio)"
check_equal "nor did the kernel" '' "$(dmesg | grep -iE 'i/o error|timed out|abort')"
check_equal "nor the daemon" '' "$(daemon_log | grep -E 'warning|error')"
no_loopback
finish
