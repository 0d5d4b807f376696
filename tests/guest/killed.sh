#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon is killed at random moments under a load that verifies what it wrote; each successor goes on with the commands
# that were under way. The initiator notices pauses and nothing else.
. tests/guest/lib.sh
kills=$(in_full 12 100)
rounds=$(in_full 1 20)  # Of each crash point.
# In the short form other tests run beside, and theirs is the time.
longest_pause_ms=$(in_full 5000 1000)
# Some daemons die at a store before they have answered anything, one after the other.
longest_row_ms=25000
memory_disk /srv 400M
truncate -s 128M /srv/disk.img
truncate -s 16M /srv/counter.img
start_tcmud
check "a LUN for fio" make_lun disk file//srv/disk.img $((128 << 20)) hw_max_sectors=16384
check "a LUN for COMPARE AND WRITE" make_lun counter file//srv/counter.img $((16 << 20))
truncate -s 16M /srv/faulty.img
check "a LUN for commands that fail" make_lun faulty file//srv/faulty.img $((16 << 20))
loopback disk
loopback counter
loopback faulty
errors_counted() { printf '%d\n' "$(<"/sys/block/${disk[$1]#/dev/}/device/ioerr_cnt")"; }

echo '--- BUSY is seen where it is given'
before=$(errors_counted disk)
kill -STOP "$daemon"
dd if="${disk[disk]}" of=/dev/null bs=4096 count=1 iflag=direct status=none &
reader=$!
sleep 0.5
# Every command in the ring ends BUSY; the daemon, which would answer them, begins anew.
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
echo 1 >$core/user_0/disk/action/reset_ring
start_tcmud
wait $reader
check "ioerr_cnt counts it ($before, then $(errors_counted disk))" test "$(errors_counted disk)" -gt "$before"

echo '--- under load'
before=$(errors_counted disk)
before_counter=$(errors_counted counter)
# Waits without a process of its own: the guest has one CPU, and the daemon that starts needs it.
exec {nothing}<> <(:)
pause() { read -rt "$1" -u "$nothing" _; }
begin_load() {
    fio --direct=1 --bsrange=512-256k --blockalign=512 --iodepth=16 --ioengine=libaio --verify=crc32c --verify_backlog=1024 \
        --verify_fatal=1 --time_based --runtime=7200 --output-format=json --output=/run/fio.json \
        --name=verify --filename="${disk[disk]}" --rw=randwrite --size=$((96 << 20)) --fsync=64 \
        --name=trim --filename="${disk[disk]}" --rw=randtrimwrite --offset=$((96 << 20)) --size=$((32 << 20)) --verify=0 \
        >/run/fio.log 2>&1 &
    fio=$!
    sleep 1
}
# end_load WHAT MILLISECONDS: no error, and no longer pause.
end_load() {
    check "fio was at work until the end" kill -0 $fio
    kill -INT $fio
    wait $fio
    sed -i '/^{/,$!d' /run/fio.json  # Without what it says of the signal.
    check_equal "it ends without an error" '0 0' \
        "$(fio_figure /run/fio.json verify error) $(fio_figure /run/fio.json trim error)"
    check_equal "and found none" '' "$(grep -iE 'verify:|err=|error=' /run/fio.log)"
    local most
    most=$(($(fio_figure /run/fio.json verify write/clat_ns/max) / 1000000))
    check "$1: the longest pause was $most ms" test "$most" -lt "$2"
}
# Counts, by nothing but COMPARE AND WRITE: one that took effect twice would not find what it compares with.
count() {
    local n=0
    printf '%-512d' 0 >/run/zero
    dd if=/run/zero of="${disk[counter]}" bs=512 count=1 oflag=direct conv=notrunc status=none
    while [ ! -e /run/enough ]; do
        printf '%-512d%-512d' $n $((n + 1)) >/run/step
        sg_compare_and_write --in=/run/step --lba=0 --num=1 "${disk[counter]}" >/run/caw.log 2>&1 || {
            cp /run/caw.log /run/caw.failed
            break
        }
        n=$((n + 1))
    done
    echo $n >/run/counted
}
count &
counter=$!
# Answers with sense data.
while [ ! -e /run/enough ]; do sg_raw "${disk[faulty]}" c1 00 00 00 00 00 00 00 00 00 >/dev/null 2>&1; done &
fails=$!
begin_load
went_on=0
# serves LUN: the daemon says so.
serves() {
    local turn
    for ((turn = 0; turn < 500; turn++)); do
        [[ $(</run/tcmud.log) != *"$1: serving"* ]] || return 0
        pause 0.02
    done
    failed "$1 is served again" "$(</run/tcmud.log)"
    finish
}
successor() {
    "$tcmud" >/run/tcmud.log 2>&1 &
    daemon=$!
    serves user_0/counter
    serves user_0/disk
    [[ $(</run/tcmud.log) != *'goes on where'* ]] || went_on=$((went_on + 1))
    grep -E 'warning|error' /run/tcmud.log >>/run/complaints
}
for ((kill = 1; kill <= kills; kill++)); do
    pause "0.$((RANDOM % 5))$((RANDOM % 10))"
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
    successor
done
end_load "$kills kills" "$longest_pause_ms"
check "successors found commands under way ($went_on times)" test $went_on -ge $((kills / 2))

# At each store to ring or journal, some commands after it began to serve.
begin_load
stop_tcmud KILL
for point in taken noted entry_saved move_begun sense_noted answer_marked move_ended answer_stored published; do
    hits=0
    for ((round = 1; round <= rounds; round++)); do
        TCMUD_CRASH_AT=$point:$((1 + RANDOM % 20)) "$tcmud" >>/run/crashed.log 2>&1 &
        daemon=$!
        ( sleep 60; kill -TERM $daemon 2>/dev/null ) &
        guard=$!
        wait $daemon 2>/dev/null
        [ $? = 137 ] && hits=$((hits + 1))
        kill $guard 2>/dev/null
    done
    check "killed at '$point' $hits times of $rounds" test $hits = "$rounds"
done
grep -E 'warning|error' /run/crashed.log >>/run/complaints
successor
end_load "rows of daemons that die at once" $longest_row_ms
touch /run/enough
wait $counter $fails
check_equal "no COMPARE AND WRITE failed" '' "$(cat /run/caw.failed 2>/dev/null)"
counted=$(</run/counted)
check_equal "each took effect exactly once ($counted of them)" "$(printf '%-512d' "$counted" | md5sum)" \
    "$(dd if="${disk[counter]}" bs=512 count=1 iflag=direct status=none | md5sum)"
check "there were some" test "$counted" -gt $((kills / 2))
check_equal "the initiator of fio saw no BUSY and no error" "$before" "$(errors_counted disk)"
check_equal "nor did the counting one" "$before_counter" "$(errors_counted counter)"
check_equal "the kernel has nothing to complain of" '' "$(dmesg | grep -iE 'i/o error|timed out|abort')"
check_equal "nor the daemons" '' "$(cat /run/complaints 2>/dev/null)"
no_loopback
finish
