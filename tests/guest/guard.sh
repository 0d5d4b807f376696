#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tcmud-guard: when tcmud does not come back, the commands on its LUNs end with errors; when it does, all is as before.
. tests/guest/lib.sh
guard_program=${TCMUD_BUILD:-build/release}/bin/tcmud-guard
after=6  # Longer than the five seconds after which a tcmud counts as back.
guard=''
memory_disk /srv 300M
truncate -s 64M /srv/one.img /srv/two.img /srv/other.img

# A loaded machine is late itself: by so many milliseconds at most, since it was last asked, somebody who wanted to wake up.
python3 - >/run/late <<'PYTHON' &
import os, signal, time
late = 0
def tell(*_):
    global late
    os.pwrite(1, b"%7d\n" % (late * 1000), 0)
    late = 0
signal.signal(signal.SIGUSR1, tell)
while True:
    began = time.monotonic()
    time.sleep(0.05)
    late = max(late, time.monotonic() - began - 0.05)
PYTHON
sleeper=$!
# Sets `late`: that, for two who must wake up one after the other, and the start of a program.
how_late() {
    kill -USR1 $sleeper
    sleep 0.2
    late=$((3 * $(</run/late)))
}

start_guard() {
    "$guard_program" --after $after "$@" 2>>/run/guard.log &
    guard=$!
}
stop_guard() {
    kill -TERM "$guard"
    wait "$guard"
    guard=''
} 2>/dev/null
kill_tcmud() {
    going=$(now)
    kill -KILL "$daemon"
    wait "$daemon"
    daemon=''
} 2>/dev/null
serve() {
    start_tcmud "$@"
    served=$(now)
    check "$served_luns are served" wait_for 10 all_serve
}
all_serve() { [ "$("$tcmuctl" list | grep -c serving)" = "${served_luns%% *}" ]; }
now() { date +%s%3N; }
# steady: until tcmud has served for so long that it counts as back.
steady() {
    local left=$(((served + 7000 - $(now)) / 100))
    [ $left -le 0 ] || sleep "$((left / 10)).$((left % 10))"
}
state() { tr -d '\n\0' <"$core/user_0/$1"; }
# All that the guard may change of the LUNs.
states() {
    grep -s . $core/user_0/*/alua/*/{alua_access_state,alua_access_type,alua_support_unavailable,alua_write_metadata,trans_delay_msecs} \
        $core/user_0/*/action/block_dev
}
records() { find /run/tcmud/guard -type f -printf "%f\n" 2>/dev/null | sort | tr "\n" " "; }
no_records() { [ -z "$(records)" ]; }
guarded() { [ "$(records)" = "user_0-one user_0-two " ]; }
leave_tcmud() {
    going=$(now)
    stop_tcmud
}
# ended_in_time NAME WHAT: what noted its end under this name ended with an error, when tcmud was gone for the guard's time,
# within a second.
ended_in_time() {
    local code at
    wait_for 60 test -s "/run/ended.$1"
    read -r code at <"/run/ended.$1"
    how_late
    check "$2 ended with an error ($code)" test "$code" -ne 0
    check "within a second after $after s ($((at - gone)) ms; the machine: $late ms)" test $((at - gone)) -le $((after * 1000 + 1000 + late))
    # tcmud may have gone just after it was last seen.
    check "and not before" test $((at - going)) -ge $((after * 1000 - 600))
}
ticks() { awk '{print $14 + $15 + $16 + $17}' "/proc/$guard/stat"; }
# ask TIMES DEVICE LENGTH CDB: what each of so many commands got, on a line: its sense, or its status; and the milliseconds that
# it took. Not sg_raw: starting a program takes longer.
ask() {
    python3 - "$@" <<'PYTHON'
import ctypes, fcntl, struct, sys, time
times, device, length, cdb = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), bytes.fromhex(sys.argv[4])
data, sense, command = (ctypes.create_string_buffer(max(n, 1)) for n in (length, 32, len(cdb)))
command.raw = cdb
for _ in range(times):
    # struct sg_io_hdr, and SG_IO
    header = bytearray(struct.pack("@iiBBHIPPPIIiPBBBBHHiII", ord("S"), -3 if length else -1, len(cdb), 32, 0, length,
        ctypes.addressof(data), ctypes.addressof(command), ctypes.addressof(sense), 2000, 0, 0, 0, *[0] * 9))
    began = time.monotonic()
    with open(device, "rb+", buffering=0) as file:
        fcntl.ioctl(file, 0x2285, header)
    took = round((time.monotonic() - began) * 1000)
    status = header[64]
    got = f"{sense.raw[2] & 15:02x}/{sense.raw[12]:02x}/{sense.raw[13]:02x}" if status == 2 else f"status {status:02x}"
    print(got, took)
PYTHON
}
# expect WHAT ANSWER TIMES DEVICE LENGTH CDB: that from each, within a second.
expect() {
    local what=$1 expected=$2 got longest
    shift 2
    how_late
    got=$(ask "$@")
    longest=$(awk '{print $NF}' <<<"$got" | sort -n | tail -n 1)
    check_equal "$what: $expected" "$expected" "$(sed 's/ [0-9]*$//' <<<"$got" | sort -u)"
    how_late
    check "within a second (the longest $longest ms; the machine: $late ms)" test "$longest" -lt $((1000 + late))
}
# reads LUN: directly, in the background; its end is noted.
reads() {
    rm -f "/run/ended.$1"
    (
        code=0
        dd if="${disk[$1]}" of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null || code=$?
        echo $code "$(now)" >"/run/ended.$1"
    ) &
}
works() { dd if="${disk[$1]}" of=/dev/null bs=64k count=16 iflag=direct status=none && dd if=/dev/zero of="${disk[$1]}" bs=64k count=16 oflag=direct conv=fsync status=none; }
# A configfs writer that would wait for a daemon, were one expected. The guard may be letting others go at that moment, and this
# one with them: an `enable` that ended with EINTR is to be repeated.
make_and_remove() {
    make_lun passing file//srv/other.img $((16 << 20)) || env echo 1 >"$core/user_0/passing/enable" || return
    rmdir "$core/user_0/passing"
}

served_luns="2 LUNs"
start_tcmud
served=$(now)
check "a LUN with ALUA" make_lun one file//srv/one.img $((64 << 20))
check "one without" make_lun two file//srv/two.img $((64 << 20))
echo 0 >$core/user_0/two/attrib/alua_support
group=$core/user_0/one/alua/more
mkdir "$group"
echo 7 >"$group/tg_pt_gp_id"
# Without implicit transitions, with delays, and stored for the next boot.
echo 2 >"$group/alua_access_type"
echo 4000 >"$group/trans_delay_msecs"
echo 1 >"$group/alua_write_metadata"
loopback one
loopback two
one=${generic[one]} two=${generic[two]}
as_before=$(states)
start_guard

echo "--- while tcmud serves"
steady
check_equal "nothing is recorded" '' "$(records)"
check_equal "nothing is changed" "$as_before" "$(states)"
check_equal "nothing is said" '' "$(cat /run/guard.log)"
check "I/O works" works one

echo "--- a restart within the time"
kill_tcmud
reads one
sleep $((after / 2))
serve
check "a command that waited is answered" wait_for 5 grep -q '^0 ' /run/ended.one
check_equal "nothing is said" '' "$(cat /run/guard.log)"
check_equal "nothing is changed" "$as_before" "$(states)"

echo "--- a LUN of another tcmud"
mkdir -p $core/user_1/foreign
truncate -s 16M /srv/foreign.img
"$tcmud" --run-dir /run/other --hba user_1 >/run/other.log 2>&1 &
other=$!
wait_for 10 grep -q 'tcmud .* serves' /run/other.log
check "is served by that" env HBA=1 bash -c '. tests/guest/lib.sh; make_lun foreign file//srv/foreign.img 16777216'
# As if it had been ours once.
touch /run/tcmud/journal/user_1-foreign
foreign_before=$(cat $core/user_1/foreign/alua/*/alua_access_state)

echo "--- killed, and no return"
steady
(
    fio --name=load --filename="${disk[one]}" --direct=1 --rw=randrw --bs=4k --iodepth=16 --ioengine=libaio --time_based \
        --runtime=60 --size=$((64 << 20)) >/run/fio 2>&1
    echo $? "$(now)" >/run/ended.fio
) &
sleep 1
kill_tcmud
gone=$(now)
reads two
ended_in_time fio "fio, with 16 commands under way,"
ended_in_time two "a command on the LUN without ALUA"
check "both are recorded" wait_for 1 guarded
check_equal "target port groups are unavailable" "3 3" "$(state one/alua/default_tg_pt_gp/alua_access_state) $(state one/alua/more/alua_access_state)"
check_equal "the LUN without ALUA is blocked" blocked "$(state two/action/block_dev)"
before=$(ticks)
sleep 2
echo "      (the guard takes $(($(ticks) - before)) ticks in two seconds)"
ask 1 "$one" 0 000000000000 >/dev/null # The unit attention: ASYMMETRIC ACCESS STATE CHANGED
expect "READ(10)" 02/04/0c 3 "$one" 512 28000000000000000100
expect "TEST UNIT READY" 02/04/0c 3 "$one" 0 000000000000
expect "INQUIRY, which the kernel lets through" 02/08/00 10 "$one" 36 120000002400
expect "REPORT TARGET PORT GROUPS, too" 02/08/00 5 "$one" 64 a30a00000000000000400000
check_equal "READ(10) without ALUA: BUSY" "status 08" "$(ask 1 "$two" 512 28000000000000000100 | sed 's/ [0-9]*$//')"
check_equal "the other tcmud's LUN is as it was" "$foreign_before" "$(cat $core/user_1/foreign/alua/*/alua_access_state)"
check_equal "and has no record" '' "$(records | grep foreign)"
check "of which the guard says" grep -q 'user_1/foreign: another process serves it' /run/guard.log
kill -TERM $other
wait $other
check "it leaves" rmdir "$core/user_1/foreign"
# Nobody served it any more, so that the guard may have taken it for one of ours.
check "and is forgotten" wait_for 5 guarded
rm -f /run/tcmud/journal/user_1-foreign
check "configfs writers don't wait" timeout 20 bash -c "$(declare -f make_lun make_and_remove); core=$core; make_and_remove"
check_equal "each LUN is told of once" 1 "$(grep -c 'user_0/one: its commands end with errors' /run/guard.log)"

echo "--- tcmud returns"
serve
check "records are gone" wait_for 5 no_records
check_equal "states are as before" "$as_before" "$(states)"
check "I/O works" works one
check "without ALUA too" works two
check_equal "tcmud tells of both" 2 "$(daemon_log | grep -c 'was guarded, and answers again')"

echo "--- an orderly stop, and the guard is killed after it has acted"
steady
leave_tcmud
gone=$(now)
reads one
ended_in_time one "a command"
wait_for 1 guarded
kill -KILL $guard
wait $guard 2>/dev/null
echo 1 >$core/user_0/one/alua/default_tg_pt_gp/alua_access_state  # An administrator's.
serve
check "records are gone" wait_for 5 no_records
check_equal "what the administrator changed meanwhile is kept" 1 "$(state one/alua/default_tg_pt_gp/alua_access_state)"
echo 0 >$core/user_0/one/alua/default_tg_pt_gp/alua_access_state
check_equal "the rest is as before" "$as_before" "$(states)"
check "I/O works" works one

echo "--- a crash loop"
start_guard
steady
leave_tcmud
# Each takes the command that waits, and dies of it.
echo >/run/supervised
supervise() {
    while [ -e /run/supervised ]; do
        "$@" >>/run/tcmud.log 2>&1 &
        echo $! >/run/supervised
        wait $!
        sleep 0.3
    done
} 2>/dev/null
reads one
TCMUD_CRASH_AT=answer_stored:1 supervise "$tcmud" 2>/dev/null &
supervisor=$!
wait_for 60 test -s /run/ended.one
read -r code took </run/ended.one
took=$((took - going))
check "a command that kills each tcmud ends with an error ($code)" test "$code" -ne 0
how_late
check "soon after ${after} s ($took ms)" test $took -ge $((after * 1000 - 600)) -a $took -le $((after * 1000 + 4000 + late))
check "tcmud was started more than once ($(grep -c 'tcmud .* serves' /run/tcmud.log))" test "$(grep -c 'tcmud .* serves' /run/tcmud.log)" -gt 5
end_supervisor() {
    local last
    last=$(</run/supervised)
    rm /run/supervised
    kill -KILL "$last"
    wait $supervisor
} 2>/dev/null
end_supervisor
serve
check "records are gone" wait_for 5 no_records
check_equal "states are as before" "$as_before" "$(states)"
check "I/O works" works one

echo "--- the program is gone"
stop_tcmud
cp "$tcmud" /run/tcmud-copy
echo >/run/supervised
supervise /run/tcmud-copy --modules "${TCMUD_BUILD:-build/release}/lib/tcmud" 2>/dev/null &
supervisor=$!
check "tcmud serves" wait_for 10 all_serve
served=$(now)
steady
rm /run/tcmud-copy
going=$(now)
kill -KILL "$(</run/supervised)"
gone=$(now)
reads one
ended_in_time one "a command"
check "both are recorded" wait_for 1 guarded
end_supervisor
# A tcmud that does not know of the records: it has another run directory.
"$tcmud" --run-dir /run/other >/run/other.log 2>&1 &
other=$!
check "when another process serves the LUNs, the guard itself sets back" wait_for 30 no_records
check_equal "all of it" "$as_before" "$(states)"
check "I/O works" works one
kill -TERM $other
wait $other
check "when that is gone too, the LUNs are guarded at once" wait_for 10 guarded
how_late
began=$(now)
stop_guard
took=$(($(now) - began))
how_late
check "SIGTERM ends the guard at once ($took ms)" test $took -lt $((1000 + late))
check_equal "--undo sets back" 0 "$("$guard_program" --undo 2>/dev/null; echo $?)"
check_equal "all of it" "$as_before" "$(states)"
check_equal "without a record left" '' "$(records)"
serve
check "I/O works" works one

echo "--- what it costs"
start_guard
steady
before=$(ticks)
sleep 4
ticks=$(($(ticks) - before))
check "in four seconds of watching: $ticks ticks of CPU time" test $ticks -le 4
check "and $(awk '/VmRSS/ {print $2, $3}' "/proc/$guard/status")" test "$(awk '/VmRSS/ {print $2}' "/proc/$guard/status")" -lt 8192

echo "--- wrong usage"
check_fails "no number" "--after x: must be a number of seconds" "$guard_program" --after x
check_code "has exit code 2" 2 "$guard_program" --bogus
stop_guard
kill $sleeper
check_equal "the kernel has no complaint" '' "$(dmesg | grep -iE 'BUG:|Oops|hung task|ring is broken')"
no_loopback
finish
