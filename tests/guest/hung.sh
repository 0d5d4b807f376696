#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Commands that do not end: a backend that holds them, a daemon that stands still, a file system that is frozen. What the LUN's
# other commands, its neighbours, task management, removal and the administrator notice. The long form holds for a minute.
. tests/guest/lib.sh
mib=1048576
size=$((32 * mib))
held_for=$(in_full 8 60)
stopped_for=$(in_full 5 60)
frozen_for=$(in_full 4 60)
# Milliseconds that task management and removal may take while a backend holds a command.
bar=5000
memory_disk /srv 500M
modprobe brd rd_nr=1 rd_size=$((100 << 10))
mkdir -p /mnt/frozen
{ mkfs.ext4 -q -F /dev/ram0 && mount /dev/ram0 /mnt/frozen; } || exit
dd if=/dev/zero of=/mnt/frozen/disk bs=1M count=$((size / mib)) conv=fsync status=none
export PATH=$PWD/configfs-scripts:$PATH
echo 'command_report_after = 2' >/run/tcmud.toml
start_tcmud --config /run/tcmud.toml

fault() { "$tcmuctl" fault "$@"; }
hangs() { fault "$1" | grep -q 'hanging: [1-9]'; }
logged() { daemon_log | tail -n +"$1" | grep -qE "$2"; }
lines() { wc -l </run/tcmud.log; }
# check_within WHAT MILLISECONDS COMMAND...: the command succeeds within that time; how long it took is left in $took.
check_within() {
    local what=$1 most=$2 began
    shift 2
    began=$(date +%s%3N)
    check "$what" "$@"
    took=$(($(date +%s%3N) - began))
    check "within $most ms ($took ms)" test "$took" -le "$most"
}
# hung_field LUN FIELD: of its oldest command, of all that are in flight.
hung_field() {
    "$tcmuctl" hung --older 0 -j | python3 -c '
import json, sys
for command in json.load(sys.stdin)["commands"]:
    if command["lun"] == sys.argv[1]:
        print(command[sys.argv[2]])
        break' "user_0/$1" "$2"
}
waits() { hung_field "$1" waits | grep -qE "$2"; }
# write_to NAME [BLOCK]: 64 KiB, in the background; its process is left in $writer. It is always the same data.
head -c 65536 /dev/urandom >/run/data
write_to() {
    dd if=/run/data of="${disk[$1]}" bs=64k count=1 seek="${2:-0}" oflag=direct conv=notrunc status=none 2>/run/dd.log &
    writer=$!
}
# ended PID: a job of this shell has ended.
ended() { ! kill -0 "$1" 2>/dev/null; }
# ends_well PID: within some time.
ends_well() {
    wait_for 20 ended "$1"
    wait "$1"
    check_equal "the write ends well" 0 $?
}
# patience NAME SECONDS: how long its initiator waits before it aborts.
patience() { echo "$2" >"/sys/block/${disk[$1]#/dev/}/device/timeout"; }

neighbours=()
for ((i = 1; i < 10; i++)); do
    neighbours+=("n$i")
    truncate -s $size "/srv/n$i"
    make_lun "n$i" "file//srv/n$i" $size || failed "a neighbour"
done
truncate -s $size /srv/victim
check "a LUN whose backend can hang" make_lun victim fault//srv/victim $size
loopback victim
loopback "${neighbours[@]}"
patience victim 600

# load FILE SECONDS: the same rate for each neighbour, less than the machine can do.
load() {
    {
        printf '%s\n' '[global]' ioengine=libaio direct=1 bs=4k iodepth=4 rw=randrw rate_iops=15,15 rate_process=linear \
            time_based norandommap "runtime=$2"
        for name in "${neighbours[@]}"; do printf '[%s]\nfilename=%s\n' "$name" "${disk[$name]}"; done
    } >/run/jobs
    fio --output-format=json --output="$1" /run/jobs
}
# ratio FREE HELD: of the neighbour that has the smallest, in percent.
ratio() {
    python3 - "$@" <<'PYTHON'
import json, sys
free, held = ({job["jobname"]: job["read"]["iops"] + job["write"]["iops"] for job in json.load(open(name))["jobs"]}
              for name in sys.argv[1:])
print(round(min(held[name] / free[name] for name in free) * 100))
PYTHON
}

echo "--- a backend that holds a write for $held_for s"
check_equal "nothing hangs" none "$("$tcmuctl" hung --older 0)"
check "the load without a hang" load /run/free.json "$(in_full 4 15)"
check "the next write hangs" fault victim write:hang,count=1
from=$(($(lines) + 1))
write_to victim
held=$writer
check "it does" wait_for 5 hangs victim
check "the load with it" load /run/held.json "$held_for"
ratio=$(ratio /run/free.json /run/held.json)
check "each neighbour kept 90 % of its IOPS ($ratio %)" test "$ratio" -ge 90
check "the LUN's other commands go on" timeout 5 dd if="${disk[victim]}" of=/dev/null bs=64k skip=4 count=16 iflag=direct status=none
check "the log has it" logged $from \
    'user_0/victim: WRITE\(10\) \[2a 00 00 00 00 00 00 00 80 00\] has been in flight for [0-9]+ s, held by a rule of the fault backend; 1 of its commands hangs'
check "once" test "$(daemon_log | tail -n +$from | grep -c 'has been in flight')" = 1
check_equal "tcmuctl hung names it" 'WRITE(10)' "$(hung_field victim command)"
age=$(hung_field victim age_seconds)
check "and its age ($age s)" python3 -c "exit(not $held_for - 2 <= $age <= $held_for + 15)"
check "without --older, those that the log is told of" grep -q 'user_0/victim .* WRITE(10) \[2a 00' <("$tcmuctl" hung)
check_equal "--older leaves out what is younger" none "$("$tcmuctl" hung --older 1000)"
check "tcmuctl status counts it" grep -qE '^Hung +1 commands, the oldest for [0-9]+ s' <("$tcmuctl" status victim)
check_equal "none of its neighbours'" 0 "$("$tcmuctl" status -j n1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["hung_commands"])')"
check "it is released" fault victim release
ends_well $held
check "the log has its end" wait_for 5 logged $from 'user_0/victim: the commands that hung have ended, after [0-9]+ s'
check_equal "nothing hangs any more" none "$("$tcmuctl" hung --older 1)"

echo "--- task management, while the backend holds a write"
check "the next write hangs" fault victim write:hang,count=1
write_to victim
check "it does" wait_for 5 hangs victim
check_within "LOGICAL UNIT RESET is answered" $bar timeout 30 sg_reset -d "${generic[victim]}"
check_equal "the backend holds nothing more" 0 "$(fault victim | grep -c hanging)"
# tcm_loop says GOOD of a command that ended by a reset.
check "the write has ended" wait_for 20 ended "$writer"
patience victim 2
check "the next write hangs" fault victim write:hang,count=1
check_within "its initiator aborts it after 2 s, and repeats it" $((2000 + bar)) timeout 30 \
    dd if=/run/data of="${disk[victim]}" bs=64k count=1 oflag=direct conv=notrunc status=none
check "the data is in the file" cmp -n 65536 /run/data /srv/victim
patience victim 600
check "a flush hangs" fault victim flush:hang,count=1
sg_sync "${generic[victim]}" &
flusher=$!
check "it does" wait_for 5 hangs victim
check_equal "tcmuctl hung says so" 1 "$("$tcmuctl" hung --older 0 | grep -c 'SYNCHRONIZE CACHE(10)')"
check_within "LOGICAL UNIT RESET is answered" $bar timeout 30 sg_reset -d "${generic[victim]}"
check "it is released" fault victim off
wait_for 20 ended $flusher
wait $flusher

echo "--- removal, while the backend holds writes"
truncate -s $size /srv/quiet
make_lun quiet fault//srv/quiet $size
loopback quiet
check_within "tcmu-unexport without a hang" 20000 tcmu-unexport quiet
usual=$took
check "all writes hang" fault victim write:hang
write_to victim
check "one does" wait_for 5 hangs victim
check_within "tcmu-unexport takes the LUN back" $((usual + bar)) timeout 30 tcmu-unexport victim
wait_for 20 ended "$writer"
check "the write has failed" test -s /run/dd.log
check_equal "the LUN is gone" 0 "$("$tcmuctl" list | grep -c victim)"
check "it is made again" make_lun victim fault//srv/victim $size
loopback victim
check "a flush behind a command that was answered hangs" fault victim flush:hang
check "such a command" sg_raw "${generic[victim]}" 35 02 00 00 00 00 00 00 00 00
check "it does" wait_for 5 hangs victim
check_within "it is taken back" $((usual + bar)) timeout 30 tcmu-unexport victim

echo "--- a daemon that stands still for $stopped_for s"
fio --direct=1 --bsrange=512-64k --blockalign=512 --iodepth=16 --ioengine=libaio --verify=crc32c --verify_backlog=256 \
    --verify_fatal=1 --time_based --runtime=$((stopped_for + 10)) --output-format=json --output=/run/stopped.json --fsync=64 \
    --rw=randwrite --size=16M --name=n1 --filename="${disk[n1]}" --name=n2 --filename="${disk[n2]}" >/run/fio.log 2>&1 &
fio=$!
written() { [ "$("$tcmuctl" status -j "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["counters"]["writes"])')" -gt "$2" ]; }
writes=$("$tcmuctl" status -j n1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["counters"]["writes"])')
check "a verifying fio is at work" wait_for 20 written n1 $((writes + 500))
from=$(($(lines) + 1))
kill -STOP "$daemon"
sleep "$stopped_for"
kill -CONT "$daemon"
check "goes on" wait_for 10 "$tcmuctl" list
wait $fio
check_equal "fio ends well, all data verified" 0 $?
longest=$(for name in n1 n2; do
    for kind in read write; do echo $(($(fio_figure /run/stopped.json $name $kind/clat_ns/max) / 1000000)); done
done | sort -n | tail -1)
check "its longest command took $longest ms" test "$longest" -ge $((stopped_for * 900))
check_equal "no error reached the initiator" '' "$(dmesg | grep -iE 'i/o error|offlined')"
check_equal "and the log has none of it" 0 "$(daemon_log | tail -n +$from | grep -cE 'in flight|not answered')"

echo "--- a frozen file system, for $frozen_for s"
check "a LUN on it" make_lun frozen file//mnt/frozen/disk $size
check "another LUN on it" make_lun other "file//mnt/frozen/other;create=on" $size
loopback frozen other
patience frozen 2
patience other 600
check "it is frozen" fsfreeze -f /mnt/frozen
from=$(($(lines) + 1))
write_to frozen
held=$writer
check "a write to the LUN waits in a system call" wait_for 10 waits frozen '^in a system call on its file \(write\) \(thread [0-9]+'
write_to other
parked=$writer
check "one to the other LUN behind it" wait_for 10 waits other '^behind another call on its file system, which does not return'
echo "      $(hung_field frozen waits)"
check "the log has both" wait_for 20 logged $from 'user_0/other: WRITE\(10\) .* has been in flight'
check "both" logged $from 'user_0/frozen: WRITE\(10\) .* in a system call on its file \(write\)'
check_within "neighbours read and write" $bar timeout 10 dd if="${disk[n1]}" of="${disk[n2]}" bs=64k count=64 iflag=direct oflag=direct status=none
check_within "what only waits can be reset" $bar timeout 30 sg_reset -d "${generic[other]}"
check "the write has ended" wait_for 20 ended $parked
sleep "$frozen_for"
check "what the kernel holds goes on to, though its initiator has aborted it" waits frozen 'in a system call'
check_equal "which tcmuctl hung tells too" True "$(hung_field frozen aborted)"
from=$(($(lines) + 1))
kill -TERM "$daemon"
check "a stop does not wait for it" wait_for 10 logged $from 'stopped; some LUNs were left as they are'
check "which it names" logged $from 'user_0/frozen: '
check "it is thawed" fsfreeze -u /mnt/frozen
wait "$daemon"
start_tcmud --config /run/tcmud.toml
ends_well $held
check "the data is in the file" cmp -n 65536 /run/data /mnt/frozen/disk
check_equal "nothing hangs" none "$("$tcmuctl" hung --older 1)"
no_loopback
check "the LUNs can be removed" rmdir $core/user_0/{frozen,other,n1,n9}
stop_tcmud

# In the long form only: it shows nothing of tcmud.
if [ -n "${TCMUD_FULL:-}" ]; then
    echo "--- for comparison, a tcmu-runner that stands still for $stopped_for s"
    mkdir -p /run/dbus
    dbus-daemon --system --fork
    tcmu-runner >/run/runner.log 2>&1 &
    runner=$!
    sleep 2
    truncate -s $size /srv/theirs
    check "a LUN of its qcow handler" make_lun theirs qcow//srv/theirs $size
    loopback theirs
    fio --name=theirs --filename="${disk[theirs]}" --direct=1 --ioengine=libaio --iodepth=8 --rw=randrw --bs=4k \
        --verify=crc32c --time_based --runtime=$((stopped_for + 10)) --output-format=json --output=/run/theirs.json \
        >/run/theirs.log 2>&1 &
    fio=$!
    sleep 2
    dmesg -c >/dev/null
    kill -STOP $runner
    sleep "$stopped_for"
    kill -CONT $runner
    wait $fio
    echo "      its initiator: fio's exit code $?, longest write" \
        "$(($(fio_figure /run/theirs.json theirs write/clat_ns/max) / 1000000)) ms," \
        "$(dmesg | grep -ciE 'abort|reset') lines of aborts and resets in the kernel's log"
    echo "      tcmud's initiator, above: longest command $longest ms"
    kill $runner
    wait $runner 2>/dev/null
fi
finish
